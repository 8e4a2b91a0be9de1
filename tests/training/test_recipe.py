import json
from dataclasses import asdict
from typing import Any

import pytest

from pneumoscope.errors import TrainingError
from pneumoscope.network.resnet import STAGES
from pneumoscope.training.recipe import RECIPES, completed, from_json, recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_its_name_and_opens_stages_that_exist(name: str) -> None:
    found = recipe(name)
    assert found.name == name
    assert {phase.opened for phase in (found.head, *found.finetune)} <= set(STAGES)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_comes_back_from_json(name: str) -> None:
    assert from_json(json.loads(json.dumps(asdict(recipe(name))))) == recipe(name)


@pytest.mark.parametrize("changed", [{"mixup": 0.2}, {"augmentation": {}}, {"head": {"size": 96}}])
def test_a_recipe_of_another_version_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match="is not one of this version"):
        from_json(json.loads(json.dumps(asdict(recipe("smoke")))) | changed)


def test_a_run_of_an_earlier_version_compares_with_todays() -> None:
    now = {"seed": 0, "recipe": json.loads(json.dumps(asdict(recipe("smoke"))))}
    earlier = json.loads(json.dumps(now))
    del earlier["recipe"]["scored_at"], earlier["recipe"]["augmentation"]["lungs_alone"]
    assert completed(earlier) == now
    for other in ({"recipe": {}}, {}):
        assert completed(other) == other


def test_batchnorm_is_trained_without_a_moving_average_of_weights_that_its_statistics_would_not_fit() -> None:
    training = {name for name, found in RECIPES.items() if found.batchnorm}
    opened = {"opened", "opened-longer", "opened-detail", "detail", "opened-covered", "robust", "robust-longer"}
    assert training == {"naive", "naive-high-rate"} | opened
    assert all(RECIPES[name].ema == 0 for name in training)


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TrainingError, match=f"no recipe 'secret'; there are {', '.join(RECIPES)}"):
        recipe("secret")
