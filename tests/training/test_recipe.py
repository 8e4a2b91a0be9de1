import pytest

from pneumoscope.errors import TrainingError
from pneumoscope.model.resnet import STAGES
from pneumoscope.training.recipe import RECIPES, recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_its_name_and_opens_stages_that_exist(name: str) -> None:
    found = recipe(name)
    assert found.name == name
    assert {phase.opened for phase in (found.head, *found.finetune)} <= set(STAGES)


def test_only_what_shows_how_not_to_trains_batchnorm() -> None:
    assert {name for name, found in RECIPES.items() if found.batchnorm} == {"naive", "naive-high-rate"}


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TrainingError, match=f"no recipe 'secret'; there are {', '.join(RECIPES)}"):
        recipe("secret")
