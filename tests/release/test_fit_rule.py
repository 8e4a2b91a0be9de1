"""Calibration and operating points, fitted to scores whose truth is known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta, norm

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.guarantees import highest_with_recall, trials_needed
from pneumoscope.decision.labels import Label
from pneumoscope.decision.operating_point import BASELINE
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import DataError
from pneumoscope.release.fit_rule import (
    choose_operating_points,
    fit_calibration,
    fit_rule,
)

NEGATIVES, POSITIVES = norm(-2.0, 1.0), norm(1.5, 1.6)


def test_fit_finds_the_logistic_truth() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0.5, 3, 20_000)
    truth = Calibration(slope=0.8, intercept=-1.3)
    positive = rng.random(20_000) < truth.probability(scores)
    fitted = fit_calibration(scores, positive)
    assert fitted.slope == pytest.approx(truth.slope, rel=0.05)
    assert fitted.intercept == pytest.approx(truth.intercept, abs=0.08)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_fit_does_not_depend_on_the_unit_of_the_scores(scale: float) -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(2_000) < 0.6
    scores = rng.normal(np.where(positive, 2, -1), 2)
    base, scaled = fit_calibration(scores, positive), fit_calibration(scores * scale, positive)
    np.testing.assert_allclose(scaled.probability(scores * scale), base.probability(scores), atol=1e-4)


def test_fit_stays_finite_on_separated_scores() -> None:
    positive = np.repeat([False, True], 50)
    fitted = fit_calibration(np.where(positive, 10.0, -10.0) + np.linspace(-1, 1, 100), positive)
    assert np.isfinite([fitted.slope, fitted.intercept]).all()
    probability = fitted.probability(np.array([-10.0, 10.0]))
    # Platt's smoothed targets: 1/52 for normals, 51/52 for pneumonias.
    np.testing.assert_allclose(probability, [1 / 52, 51 / 52], atol=0.01)


@pytest.mark.parametrize("label", [True, False])
def test_one_class_alone_is_refused(label: bool) -> None:
    with pytest.raises(DataError, match="both classes"):
        fit_calibration(np.arange(10.0), np.full(10, label))


def test_scores_that_rank_the_wrong_way_round_are_refused() -> None:
    positive = np.repeat([False, True], 20)
    with pytest.raises(DataError, match="rank normal radiographs above pneumonias"):
        fit_calibration(-np.arange(40.0), positive)


def _labelled(positive: np.ndarray, sources: Sequence[str] | None = None) -> list[LabelledRadiograph]:
    """Radiographs with these labels, of one source or of several."""
    named = sources or [""] * len(positive)
    return [
        LabelledRadiograph(Path(f"{n}.png"), Label.PNEUMONIA if one else Label.NORMAL, None, str(n), "val", source)
        for n, (one, source) in enumerate(zip(positive.tolist(), named, strict=True))
    ]


def _scores(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of ``count`` normals and twice as many pneumonias, from NEGATIVES and POSITIVES."""
    rng = np.random.default_rng(seed)
    scores = np.concatenate([NEGATIVES.rvs(count, random_state=rng), POSITIVES.rvs(2 * count, random_state=rng)])
    return scores, np.repeat([False, True], [count, 2 * count])


@pytest.mark.parametrize(("slope", "intercept"), [(0.3, 0.0), (1.7, -2.0), (1.0, 4.0)])
def test_balanced_is_score_0_under_any_calibration(slope: float, intercept: float) -> None:
    scores, positive = _scores(300)
    fitted = Calibration(slope, intercept)
    point, *_ = choose_operating_points(fitted, scores, positive)
    found = (fitted.probability(np.array([-0.01, 0.0, 0.01])) >= point.threshold).tolist()
    assert found == [False, True, True]


def test_the_rule_out_threshold_is_that_of_high_sensitivity() -> None:
    scores, positive = _scores(300)
    logits = np.stack([-scores, np.zeros_like(scores), np.full_like(scores, -50)], axis=1)
    rule = fit_rule(logits, _labelled(positive))
    assert rule.rule_out == rule.operating_point("high-sensitivity").threshold < rule.operating_point().threshold


def test_too_few_pneumonias_prove_no_rule_out_threshold() -> None:
    scores, positive = _scores(50)
    logits = np.stack([-scores, np.zeros_like(scores), np.full_like(scores, -50)], axis=1)
    assert fit_rule(logits, _labelled(positive)).rule_out is None


@pytest.mark.parametrize("count", [149, 237, 500, 1000])
@pytest.mark.parametrize("least", [0.9, 0.98])
def test_the_highest_threshold_that_proves_the_recall(count: int, least: float) -> None:
    positives = np.random.default_rng(count).permutation(np.linspace(0.01, 0.99, count))
    threshold = highest_with_recall(positives, least)
    assert threshold is not None
    found = int((positives >= threshold).sum())
    assert _lower_bound(found, count) >= least
    assert _lower_bound(found - 1, count) < least
    if found < count:  # no radiograph lies on it, where rounding would decide
        assert np.abs(positives - threshold).min() > 1e-4


def _lower_bound(found: int, count: int) -> float:
    """Clopper and Pearson's one-sided 95% bound, by the beta distribution."""
    return float(beta.ppf(0.05, found, count - found + 1))


def test_too_few_radiographs_prove_nothing() -> None:
    # Finding all of n proves 98% only when .98^n <= .05, from 149 radiographs on.
    assert highest_with_recall(np.linspace(0.5, 1, 148), 0.98) is None
    assert highest_with_recall(np.linspace(0.5, 1, 149), 0.98) == 0.5


def test_more_confidence_lowers_the_threshold() -> None:
    positives = np.linspace(0, 1, 1000)
    surer, sure = (highest_with_recall(positives, 0.95, confidence) for confidence in (0.99, 0.9))
    assert surer is not None
    assert sure is not None
    assert surer < sure


def test_choose_names_its_points() -> None:
    scores, positive = _scores(300)
    points = choose_operating_points(Calibration(1.0, 0.0), scores, positive)
    assert [point.name for point in points] == ["balanced", "high-sensitivity"]
    balanced_point, sensitive = points
    assert 0 < sensitive.threshold < balanced_point.threshold < 1
    assert all(point.policy for point in points)


def test_choose_leaves_out_what_the_radiographs_cannot_prove() -> None:
    scores, positive = _scores(60)
    assert [point.name for point in choose_operating_points(Calibration(1.0, 0.0), scores, positive)] == ["balanced"]


@pytest.mark.parametrize("label", [True, False])
def test_choose_refuses_one_class_alone(label: bool) -> None:
    with pytest.raises(DataError, match="both classes"):
        choose_operating_points(Calibration(1.0, 0.0), np.linspace(0, 1, 10), np.full(10, label))


def test_the_rule_is_calibration_and_points_of_the_pneumonia_score() -> None:
    scores, positive = _scores(300)
    logits = np.stack([-scores, np.zeros_like(scores), np.full_like(scores, -3.0)], axis=1)
    rule, raw = fit_rule(logits, _labelled(positive)), pneumonia_score(logits)
    assert rule.calibration == fit_calibration(raw, positive)
    assert list(rule.operating_points) == choose_operating_points(rule.calibration, raw, positive)
    assert rule.default_operating_point == "balanced"


def test_a_threshold_that_was_fixed_before_is_the_default() -> None:
    scores, positive = _scores(300)
    logits = np.stack([-scores, np.zeros_like(scores), np.full_like(scores, -3.0)], axis=1)
    rule = fit_rule(logits, _labelled(positive), 0.7)
    assert (rule.default_operating_point, rule.operating_point().threshold) == (BASELINE, 0.7)
    assert rule.operating_points[1:] == fit_rule(logits, _labelled(positive)).operating_points


@pytest.mark.parametrize("least", [0.9, 0.95, 0.98])
def test_a_recall_is_proven_from_as_many_pneumonias_as_is_said(least: float) -> None:
    fewest = trials_needed(0, least)
    assert highest_with_recall(np.linspace(0.5, 0.9, fewest), least) is not None
    assert highest_with_recall(np.linspace(0.5, 0.9, fewest - 1), least) is None


def test_weights_count_as_copies_do() -> None:
    scores, positive = _scores(3000)
    times = np.where(positive, 1, 3)
    copied = fit_calibration(np.repeat(scores, times), np.repeat(positive, times))
    weighted = fit_calibration(scores, positive, times)
    assert weighted.prevalence == copied.prevalence == pytest.approx(6000 / 15000)
    assert weighted.slope == pytest.approx(copied.slope, rel=0.02)
    assert weighted.intercept == pytest.approx(copied.intercept, abs=0.05)


def test_the_worst_of_several_sources_sets_the_thresholds() -> None:
    scores, positive = _scores(300)
    faint = np.arange(len(scores)) % 3 == 0  # a hospital whose pneumonias are hard to see
    scores = scores - 1.5 * (faint & positive)
    logits = np.stack([-scores, np.zeros_like(scores), np.full_like(scores, -50)], axis=1)
    rule = fit_rule(logits, _labelled(positive, np.where(faint, "faint", "plain").tolist()))
    found = rule.probability(logits)
    assert rule.calibration.prevalence == pytest.approx(0.5)
    assert [point.name for point in rule.operating_points] == ["balanced", "high-sensitivity", "high-specificity"]
    assert rule.rule_out == rule.operating_point("high-sensitivity").threshold < rule.operating_point().threshold
    shares = [np.mean(found[positive & (faint == hard)] >= rule.rule_out - 1e-12) for hard in (True, False)]
    assert min(shares) == pytest.approx(0.95, abs=0.01)
    cleared = [np.mean(found[~positive & (faint == one)] < rule.operating_points[2].threshold) for one in (True, False)]
    assert min(cleared) == pytest.approx(0.95, abs=0.01)
