import numpy as np
import pytest
from scipy.stats import beta, binom
from sites import BUNDLE, RULE, make_films, make_profile, make_validation

from pneumoscope.assurance.site.freezing import Wishes, freeze, summary
from pneumoscope.decision.labels import Finding, Label
from pneumoscope.errors import DataError


@pytest.mark.parametrize("recall", [0.9, 0.95, 0.975])
def test_the_rule_out_threshold_is_the_highest_that_proves_its_recall(recall: float) -> None:
    films = make_films(200, 100)
    profile = make_profile(films, recall=recall)
    positives = np.sort(films.extremes(positive=True))
    below = int((positives < profile.rule_out).sum())
    assert beta.ppf(0.05, 200 - below, below + 1) >= recall
    assert binom.cdf(below + 1, 200, 1 - recall) > 0.05  # one more below it would prove less
    assert (
        f"at least {recall:g} on 200 own patients with pneumonia (at most {below} below it)" in profile.rule_out_policy
    )


def test_the_rule_in_threshold_is_kept_or_proven() -> None:
    films = make_films()
    kept = make_profile(films)
    assert (kept.rule_in, kept.bundle_sha256) == (RULE.operating_point().threshold, BUNDLE)
    assert "was not chosen on these films" in kept.guarantees[1]
    proven = make_profile(films, specificity=0.95)
    cleared = int((films.extremes(positive=False) < proven.rule_in).sum())
    assert beta.ppf(0.05, cleared, 150 - cleared + 1) >= 0.95
    assert beta.ppf(0.05, cleared - 1, 150 - cleared + 2) < 0.95
    assert "was chosen on these films" in proven.guarantees[1]


@pytest.mark.parametrize(
    ("films", "wishes", "missing"),
    [((40, 90), {}, "59 are needed: 19 are missing"), ((148, 90), {"recall": 0.98}, "149 are needed: 1 are missing"),
     ((80, 20), {"specificity": 0.9}, "29 are needed: 9 are missing")],
)  # fmt: skip
def test_too_few_films_are_refused_with_what_is_missing(
    films: tuple[int, int], wishes: dict[str, float], missing: str
) -> None:
    with pytest.raises(DataError, match=missing):
        make_profile(make_films(*films), **wishes)


def test_both_promises_hold_where_the_thresholds_cross() -> None:
    """A rule-in threshold below the rule-out threshold leaves two answers, and neither promise is broken."""
    films = make_films()
    profile = make_profile(films, recall=0.5, specificity=0.5)
    assert profile.rule_in < profile.rule_out
    findings = [profile.finding(value) for value in films.probability.tolist()]
    assert Finding.UNCERTAIN not in findings
    sick = [finding for finding, positive in zip(findings, films.positive, strict=True) if positive]
    assert sick.count(Finding.NORMAL) / len(sick) <= 0.5


def test_the_reference_holds_every_film_once() -> None:
    films = make_films()
    reference = make_profile(films).reference
    assert (sum(reference.pneumonia), sum(reference.normal)) == (120, 150)
    assert [sum(reference.answers[label]) for label in Label] == [150, 120]
    both = np.array(reference.pneumonia) + np.array(reference.normal)
    assert both.tolist() == [27] * 10
    below = (films.score < reference.edges[0]).sum()
    assert below == both[0]


def test_criteria_are_frozen_with_the_profile() -> None:
    films = make_films()
    criteria = make_profile(films).criteria
    cleared = int((films.extremes(positive=False) < 0.8).sum())
    shown = beta.ppf(0.05, cleared, 150 - cleared + 1)
    assert criteria.recall == 0.95
    assert criteria.specificity <= shown < criteria.specificity + 0.05
    asked = make_profile(films, go_recall=0.9, go_specificity=0.4, go_not_assessed=0.1).criteria
    assert (asked.recall, asked.specificity, asked.not_assessed) == (0.9, 0.4, 0.1)


def test_a_profile_needs_a_name() -> None:
    films = make_films()
    with pytest.raises(DataError, match="does not say the who"):
        freeze(make_validation(films), films, Wishes("Clinic", " "))
    assert summary(make_profile(films)).startswith("Clinic: normal below 0.")
