from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sites import later_results, make_films, make_profile, result_row

from pneumoscope.assurance.site.results import Listed
from pneumoscope.assurance.site.watching import watch
from pneumoscope.decision.labels import Finding
from pneumoscope.decision.site_profile import SiteProfile


@pytest.fixture(scope="module")
def profile() -> SiteProfile:
    return make_profile(make_films(200, 250))


def alone(rows):
    return [(row, None) for row in rows]


def test_films_like_those_of_the_profile_raise_no_alarm(profile: SiteProfile) -> None:
    made = watch(alone(later_results(100, 400)), profile)
    assert made.alarms == ()
    assert made.films == sum(group.films for group in made.periods) == 500
    assert [group.name for group in made.periods] == [f"2027-W{week:02}" for week in range(1, 9)]
    assert made.scores is not None
    assert made.scores.prevalence == pytest.approx(0.2, abs=0.05)
    assert [group.name for group in made.devices] == ["not known"]


def test_rates_are_counted_with_the_profiles_thresholds(profile: SiteProfile) -> None:
    rows = later_results(50, 50)
    findings = [profile.finding(row.probability or 0.0) for row in rows]
    rates = watch(alone(rows), profile).overall.rates
    assert rates["alerts"].count == findings.count(Finding.PNEUMONIA)
    assert rates["uncertain"].count == findings.count(Finding.UNCERTAIN)
    sick, well = (np.array(profile.reference.answers[label]) for label in ("pneumonia", "normal"))
    expected = 0.2 * (sick[2] + 0.5) / (sick.sum() + 1) + 0.8 * (well[2] + 0.5) / (well.sum() + 1)
    assert rates["alerts"].mean == pytest.approx(expected)


def test_an_outbreak_is_a_moved_prevalence(profile: SiteProfile) -> None:
    said = " ".join(watch(alone(later_results(250, 250)), profile).alarms)
    assert "all films: " in said
    assert "The scores fit a prevalence of" in said
    assert "No prevalence explains" not in said


def test_a_small_change_shows_in_the_last_weeks_together(profile: SiteProfile) -> None:
    """From 20% to 45% in the second half: no week of forty films shows it, and four weeks do."""
    first, second = later_results(32, 128, 3, weeks=4), later_results(72, 88, 4, weeks=4)
    after = [replace(row, source_sha256=f"{n:064}", time=row.time + timedelta(weeks=4)) for n, row in enumerate(second)]
    made = watch(alone([*first, *after]), profile)
    assert made.recent is not None
    assert made.recent.films == sum(group.films for group in made.periods[-4:]) == 160
    assert made.recent.rates["alerts"].outside
    assert not any(group.rates["alerts"].outside for group in made.periods)
    assert any(alarm.startswith("last 4 weeks: ") for alarm in made.alarms)
    assert watch(alone(first), profile).recent is None


def test_another_device_is_found_by_its_name(profile: SiteProfile) -> None:
    rows = later_results(100, 400)
    strange = [
        replace(row, source_sha256=f"{n:064}", device="new room")
        for n, row in enumerate(later_results(20, 80, 7, shift=2.5))
    ]
    joined = [(row, Listed(path="x", device="room 1")) for row in rows] + alone(strange)
    made = watch(joined, profile, listed=True)
    assert made.unlisted == 100
    assert [group.name for group in made.devices] == ["new room", "room 1"]
    assert any(alarm.startswith("new room: ") for alarm in made.alarms)
    assert not any(alarm.startswith("room 1: ") for alarm in made.alarms)


def test_refusals_and_weeks_without_films_are_alarms(profile: SiteProfile) -> None:
    start, end = datetime(2027, 1, 4, tzinfo=UTC), datetime(2027, 1, 19, tzinfo=UTC)
    rows = [result_row(n, None, start) for n in range(30)] + [result_row(99, 0.0, end)]
    made = watch(alone(rows), profile)
    assert made.scores is None
    assert made.periods[0].reasons == {"truncated": 30}
    assert any(alarm.startswith("2027-W01: 30 of 30 films not assessed, usual are 0 to ") for alarm in made.alarms)
    assert "2027-W02: no films at all." in made.alarms


@pytest.mark.parametrize(
    ("period", "names"),
    [("day", ["2026-12-31", "2027-01-01"]), ("week", ["2026-W53"]), ("month", ["2026-12", "2027-01"])],
)
def test_periods_by_the_date_of_the_list(profile: SiteProfile, period, names: list[str]) -> None:
    days = (date(2026, 12, 31), date(2027, 1, 1))
    joined = [(row, Listed(path="x", date=day)) for row, day in zip(later_results(1, 1), days, strict=True)]
    assert [group.name for group in watch(joined, profile, period).periods] == names
