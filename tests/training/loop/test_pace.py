import pytest

from pneumoscope.training.loop.checkpoint import Checkpoint
from pneumoscope.training.loop.pace import Pace, Work, remaining_work
from pneumoscope.training.recipes import RECIPES


def test_the_work_of_the_default_recipe_is_all_phases_of_all_members_and_the_average() -> None:
    work = remaining_work(RECIPES["default"], Checkpoint(), train=100, val=10)
    assert work == [
        Work(128, 1000, 100),
        Work(192, 800, 80),
        Work(192, 800, 80),
        *[Work(192, 800, 80)] * 4,
        Work(192, 0, 110),
    ]


def test_what_is_done_is_not_counted_again() -> None:
    recipe = RECIPES["default"]
    assert remaining_work(recipe, Checkpoint(phase=1, epoch=3), 100, 10)[0] == Work(192, 500, 50)
    in_member = remaining_work(recipe, Checkpoint(member=3, epoch=7), 100, 10)
    assert in_member == [Work(192, 100, 10), Work(192, 800, 80), Work(192, 0, 110)]


def test_the_head_is_fitted_to_features_that_are_computed_once() -> None:
    baseline = RECIPES["baseline"]
    assert remaining_work(baseline, Checkpoint(), 100, 10) == [
        Work(224, 0, 110),
        Work(224, 300, 30),
        Work(224, 0, 10),
    ]
    assert remaining_work(baseline, Checkpoint(history=[{}]), 100, 10)[0].trained == 300


def test_time_grows_with_the_pixels() -> None:
    pace = Pace(size=100, training=0.5, scoring=0.1)
    assert pace.seconds([Work(100, 10, 20), Work(200, 10, 0)]) == pytest.approx(5 + 2 + 20)


def test_a_pace_follows_what_an_epoch_took() -> None:
    epoch = [Work(100, 10, 20)]
    slower = Pace(size=100, training=0.5, scoring=0.1).corrected(epoch, took=14)
    assert slower.seconds(epoch) == pytest.approx(14)
    assert slower.training / slower.scoring == pytest.approx(5)
