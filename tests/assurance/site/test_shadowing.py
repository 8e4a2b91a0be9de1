from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from scipy.stats import beta
from sites import make_profile, result_row

from pneumoscope.assurance.site.results import Listed
from pneumoscope.assurance.site.shadowing import Verdict, shadow
from pneumoscope.decision.labels import Label
from pneumoscope.decision.site_profile import SiteProfile
from pneumoscope.errors import DataError

LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(scope="module")
def profile() -> SiteProfile:
    return make_profile(go_specificity=0.8)


def reported(sick: int, well: int, missed: int = 0, alarms: int = 0, refused: int = 0):
    """Reports and results: pneumonias with high scores but for some, normals with low ones but for some."""
    scores = [-9.0] * missed + [5.0] * (sick - missed) + [5.0] * alarms + [-9.0] * (well - alarms) + [None] * refused
    labels = [Label.PNEUMONIA] * sick + [Label.NORMAL] * (well + refused)
    return [
        (result_row(number, score, LATER), Listed(path=f"{number}", label=label))
        for number, (score, label) in enumerate(zip(scores, labels, strict=True))
    ]


def test_go_where_all_is_shown(profile: SiteProfile) -> None:
    made = shadow(reported(59, 200), 260, profile)
    assert made.verdict is Verdict.GO
    assert [criterion.verdict for criterion in made.criteria] == [Verdict.GO] * 3
    assert made.unmatched == 1
    assert made.answers["pneumonia"] == {"normal": 0, "uncertain": 0, "pneumonia": 59, "not_assessed": 0}


def test_one_patient_too_few_is_not_yet(profile: SiteProfile) -> None:
    made = shadow(reported(58, 200), 258, profile)
    assert made.verdict is Verdict.NOT_YET
    assert (made.criteria[0].verdict, made.criteria[0].missing) == (Verdict.NOT_YET, 1)


def test_no_go_where_the_opposite_is_shown(profile: SiteProfile) -> None:
    made = shadow(reported(60, 200, missed=9), 260, profile)
    assert made.verdict is Verdict.NO_GO
    assert beta.ppf(0.95, 52, 9) < 0.95  # the upper bound of 51 of 60
    assert len(made.missed) == 9
    assert shadow(reported(60, 200, alarms=80), 260, profile).criteria[1].verdict is Verdict.NO_GO
    assert shadow(reported(60, 200, refused=60), 320, profile).criteria[2].verdict is Verdict.NO_GO


def test_ends_of_the_interval_are_one_sided_bounds(profile: SiteProfile) -> None:
    row = shadow(reported(60, 200, alarms=7), 260, profile).criteria[1]
    assert (row.hits, row.trials) == (193, 200)
    assert row.low == pytest.approx(beta.ppf(0.05, 193, 8))
    assert row.high == pytest.approx(beta.ppf(0.95, 194, 7))


def test_a_patient_counts_once_by_its_worst_film(profile: SiteProfile) -> None:
    joined = [(row, replace(known, patient="one child")) for row, known in reported(5, 60, missed=1)[:5]]
    joined += reported(0, 60)
    assert (shadow(joined, 65, profile).criteria[0].hits, shadow(joined, 65, profile).criteria[0].trials) == (0, 1)


def test_results_from_before_the_profile_count_nowhere(profile: SiteProfile) -> None:
    early = [(replace(row, time=datetime(2020, 1, 1, tzinfo=UTC)), known) for row, known in reported(60, 60, missed=60)]
    made = shadow([*early, *reported(59, 200)], 300, profile)
    assert (made.too_early, made.verdict) == (120, Verdict.GO)
    with pytest.raises(DataError, match="120 were made before the profile was frozen"):
        shadow(early, 120, profile)


def test_results_without_a_label_are_counted(profile: SiteProfile) -> None:
    silent = [(row, replace(known, label=None)) for row, known in reported(10, 10)]
    made = shadow([*silent, *reported(59, 200)], 279, profile)
    assert (made.unreported, made.reported, made.results) == (20, 259, 279)
