"""Thresholds for the worst source, against counting films at every score."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from pneumoscope.decision.calibration import Calibration
from pneumoscope.errors import DataError
from pneumoscope.release.worst_source import (
    LEAST,
    MARGIN,
    Group,
    best_pair,
    best_pair_score,
    lowest_clearing,
    rule_in_score,
    rule_out_score,
    worst_source_rule,
)


def groups(seed: int, mean: float, goals: Sequence[float] = (0.95, 0.9)) -> list[Group]:
    rng = np.random.default_rng(seed)
    return [Group(f"hospital {n}", rng.normal(mean, 1 + n, 40 + 30 * n), goal) for n, goal in enumerate(goals)]


@given(some.integers(0, 10**6))
def test_at_the_rule_out_score_every_group_meets_its_goal_and_just_above_one_does_not(seed: int) -> None:
    pneumonias = groups(seed, 2)
    score = rule_out_score(pneumonias)

    def met(at: float) -> bool:
        return all(np.mean(group.scores >= at) >= group.goal - 1e-12 for group in pneumonias)

    assert met(score)
    nearest = np.concatenate([group.scores for group in pneumonias])
    nearest = nearest[nearest >= score].min()
    assert 0 < nearest - score <= MARGIN / 2 + 1e-9
    assert not met(float(np.nextafter(nearest, np.inf)))


@given(some.integers(0, 10**6))
def test_at_the_rule_in_score_every_group_meets_its_goal_and_just_below_one_does_not(seed: int) -> None:
    normals = groups(seed, -2)
    score = rule_in_score(normals)

    def met(at: float) -> bool:
        return all(np.mean(group.scores < at) >= group.goal - 1e-12 for group in normals)

    assert met(score)
    nearest = np.concatenate([group.scores for group in normals])
    nearest = nearest[nearest <= score].max()
    assert 0 < score - nearest <= MARGIN / 2 + 1e-9
    assert not met(float(np.nextafter(nearest, -np.inf)))


def test_the_best_pair_is_that_of_the_worst_groups() -> None:
    normals, pneumonias, grid = groups(1, -2), groups(2, 2), np.arange(-20, 21) / 10
    floor = Group("home", np.linspace(-1, 3, 50), 0.9)
    found = best_pair_score(normals, pneumonias, [floor], [], grid)
    pairs = {}
    for score in grid:
        if (floor.scores > score).sum() >= 45:
            worst = min((group.scores <= score).sum() / len(group.scores) for group in normals)
            pairs[float(score)] = worst + min((g.scores > score).sum() / len(g.scores) for g in pneumonias)
    assert pairs[found] == max(pairs.values())
    assert found < 0  # the floor holds it down


def test_what_must_be_cleared_holds_the_best_pair_up() -> None:
    normals, pneumonias = groups(1, -2), groups(2, 2)
    free = best_pair(normals, pneumonias, [Group("home", pneumonias[0].scores, 0.5)])
    strict = Group("AP", np.linspace(-3, 1.1, 50), 0.94)
    held = best_pair(normals, pneumonias, [Group("home", pneumonias[0].scores, 0.5)], [strict])
    assert np.mean(strict.scores <= free.score) < 0.94 <= np.mean(strict.scores <= held.score)
    assert "find 50% of home and clear 94% of AP" in held.policy


def test_a_small_group_chooses_nothing() -> None:
    large = groups(3, 2)
    small = Group("few", np.full(LEAST - 1, -9.0), 1.0)
    assert rule_out_score([*large, small]) == rule_out_score(large)
    with pytest.raises(DataError, match="no source has 20"):
        rule_out_score([small])


def test_what_no_threshold_finds_is_said() -> None:
    with pytest.raises(DataError, match="no threshold does all of this: find 98% of home"):
        best_pair_score(groups(1, -2), groups(2, 2), [Group("home", np.full(30, -9.0), 0.98)], [], np.zeros(1))


def test_a_rule_has_the_default_that_it_is_given() -> None:
    normals, pneumonias, calibration = groups(1, -2), groups(2, 2), Calibration(1.0, 0.0, 0.5)
    for default in (
        best_pair(normals, pneumonias, [Group("home", pneumonias[0].scores, 0.9)]),
        lowest_clearing(normals),
    ):
        rule = worst_source_rule(calibration, normals, pneumonias, default)
        threshold = rule.operating_point().threshold
        assert np.log(threshold / (1 - threshold)) == pytest.approx(default.score)
        assert rule.operating_point().policy.startswith(default.policy)
    assert lowest_clearing(normals).score == rule_in_score(normals)
    assert "95% of hospital 0, 90% of hospital 1" in lowest_clearing(normals).policy
