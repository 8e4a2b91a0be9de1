from itertools import chain

import msgspec
import pytest

from pneumoscope.cli.train import RECIPES as OFFERED
from pneumoscope.network.resnet import STAGES
from pneumoscope.training.recipe import Recipe
from pneumoscope.training.recipes import RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_its_name_and_its_phases_can_be_run(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.name == name
    phases = [*chain(*recipe.branches), *([recipe.head] if recipe.head else [])]
    assert {phase.trainable_from for phase in phases} <= set(STAGES)
    assert min(phase.epochs for phase in phases) >= 1
    assert min(phase.size for phase in phases) >= 64


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_comes_back_from_json(name: str) -> None:
    assert msgspec.json.decode(msgspec.json.encode(RECIPES[name]), type=Recipe) == RECIPES[name]


def test_the_command_offers_every_recipe_but_the_smoke_run() -> None:
    assert {*OFFERED, "smoke"} == set(RECIPES)


def test_members_go_through_their_phases_after_the_shared_ones() -> None:
    default = RECIPES["default"]
    shared, *members = default.branches
    assert [(phase.size, phase.epochs) for phase in shared] == [(128, 10), (192, 8), (192, 8)]
    assert [[(phase.size, phase.epochs) for phase in phases] for phases in members] == [[(192, 8)]] * 4
    assert RECIPES["quick"].branches == (RECIPES["quick"].finetuning,)


def test_the_smoke_run_takes_every_step_that_another_recipe_takes() -> None:
    smoke = RECIPES["smoke"]
    assert smoke.head
    assert smoke.averaging
    assert smoke.averaging.members == 2
    assert smoke.batchnorm
    assert smoke.inference_size != smoke.crop_source_size
