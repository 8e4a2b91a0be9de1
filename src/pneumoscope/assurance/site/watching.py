"""Label-free monitoring: do the results still look like those that the site profile was frozen on?"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np

from pneumoscope.assurance.site.drift import TAIL, Expected, ScoreShift, compare_scores
from pneumoscope.assurance.site.films import UNKNOWN
from pneumoscope.assurance.site.results import Listed, ResultRow
from pneumoscope.decision.labels import Finding, Label
from pneumoscope.decision.site_profile import SiteProfile

Period = Literal["day", "week", "month"]
RECENT = 4
"""Periods that are also judged together."""

FEWEST = 30
"""Assessed films below which score distributions are not compared."""

RATES = {"alerts": "answered pneumonia", "uncertain": "answered uncertain", "refused": "not assessed"}


@dataclass(frozen=True)
class Point:
    """One rate of one group of films, and the counts that it should stay between.

    Attributes:
        count: films of this kind.
        total: films that it is taken of.
        low: the fewest that are usual.
        high: the most that are usual.
        mean: the share that is expected, 0..1.
    """

    count: int
    total: int
    low: int
    high: int
    mean: float

    @property
    def outside(self) -> bool:
        """Whether the count is unusual."""
        return not self.low <= self.count <= self.high

    @property
    def share(self) -> float | None:
        """The rate, 0..1; None without films."""
        return self.count / self.total if self.total else None


@dataclass(frozen=True)
class Group:
    """The films of one period or of one device.

    Attributes:
        name: such as "2026-W31", or the device.
        films: all.
        rates: by the keys of RATES.
        reasons: how many were refused, by coded reason.
    """

    name: str
    films: int
    rates: dict[str, Point]
    reasons: dict[str, int]


@dataclass(frozen=True)
class Watch:
    """The result of :func:`watch`.

    Attributes:
        created: ISO 8601 date and time, UTC.
        period: of a group in ``periods``.
        films: how many there are.
        unlisted: how many of them the list did not name; 0 without a list.
        overall: all films as one group.
        recent: those of the last RECENT periods as one group, where a small change shows before it shows in one
            period; None where there are fewer than twice as many.
        periods: in order of time.
        devices: by name.
        scores: how the scores compare; None where there are too few.
        prevalence: that the profile states, within 0..1.
        alarms: in sentences; empty where nothing is unusual.
    """

    created: str
    period: Period
    films: int
    unlisted: int
    overall: Group
    recent: Group | None
    periods: tuple[Group, ...]
    devices: tuple[Group, ...]
    scores: ScoreShift | None
    prevalence: float
    alarms: tuple[str, ...]


def watch(
    joined: Sequence[tuple[ResultRow, Listed | None]],
    profile: SiteProfile,
    period: Period = "week",
    listed: bool = False,
) -> Watch:
    """Compare results with the reference of a profile.

    Answers are taken anew from the probabilities, with the profile's thresholds, so that results from before the
    profile can be watched too.

    Args:
        joined: results, each with what a list says of its film.
        profile: of the site.
        period: what one point of a chart holds.
        listed: whether there is a list at all.
    """
    rates = _expected(profile)
    rows = [row for row, _ in joined]
    devices = _groups(joined, lambda row, known: (known and known.device) or row.device or UNKNOWN)
    periods = _groups(joined, lambda row, known: _period((known and known.date) or row.time.date(), period))
    names = _all_periods(sorted(periods), period)
    found = Watch(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        period=period,
        films=len(rows),
        unlisted=sum(known is None for _, known in joined) if listed else 0,
        overall=_group("all films", rows, profile, rates),
        recent=_recent(names, periods, period, profile, rates),
        periods=tuple(_group(name, periods.get(name, []), profile, rates) for name in names),
        devices=tuple(
            _group(name, devices[name], profile, rates, TAIL / len(devices))
            for name in sorted(devices, key=lambda name: (name == UNKNOWN, name))
        ),
        scores=_scores(rows, profile),
        prevalence=profile.prevalence,
        alarms=(),
    )
    return Watch(**{**vars(found), "alarms": _alarms(found)})


def _expected(profile: SiteProfile) -> dict[str, Expected]:
    """The rates that the profile's evidence lets expect, at its prevalence."""

    def answered(finding: Finding) -> Expected:
        place = list(Finding).index(finding)
        sick, well = (profile.reference.answers[label] for label in (Label.PNEUMONIA, Label.NORMAL))
        return Expected.of(sick[place], sum(sick)).mixed(Expected.of(well[place], sum(well)), profile.prevalence)

    evidence = profile.evidence
    return {
        "alerts": answered(Finding.PNEUMONIA),
        "uncertain": answered(Finding.UNCERTAIN),
        "refused": Expected.of(evidence.not_assessed, evidence.films + evidence.not_assessed),
    }


def _groups(
    joined: Sequence[tuple[ResultRow, Listed | None]], name_of: Callable[[ResultRow, Listed | None], str]
) -> dict[str, list[ResultRow]]:
    groups: dict[str, list[ResultRow]] = {}
    for row, known in joined:
        groups.setdefault(name_of(row, known), []).append(row)
    return groups


def _group(
    name: str, rows: list[ResultRow], profile: SiteProfile, rates: dict[str, Expected], tail: float = TAIL
) -> Group:
    findings = [profile.finding(row.probability) for row in rows if row.probability is not None]
    counts = {
        "alerts": (findings.count(Finding.PNEUMONIA), len(findings)),
        "uncertain": (findings.count(Finding.UNCERTAIN), len(findings)),
        "refused": (len(rows) - len(findings), len(rows)),
    }
    return Group(
        name=name,
        films=len(rows),
        rates={
            kind: Point(count, total, *rates[kind].limits(total, tail), rates[kind].mean)
            for kind, (count, total) in counts.items()
        },
        reasons=dict(sorted(Counter(str(row.reason) for row in rows if row.probability is None).items())),
    )


def _recent(
    names: list[str],
    periods: dict[str, list[ResultRow]],
    period: Period,
    profile: SiteProfile,
    rates: dict[str, Expected],
) -> Group | None:
    if len(names) < 2 * RECENT:
        return None
    rows = [row for name in names[-RECENT:] for row in periods.get(name, [])]
    return _group(f"last {RECENT} {period}s", rows, profile, rates)


def _period(day: date, period: Period) -> str:
    if period == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.isoformat() if period == "day" else f"{day:%Y-%m}"


def _all_periods(seen: list[str], period: Period) -> list[str]:
    """The periods from the first to the last: one without films is a finding too."""
    starts = {"day": lambda name: date.fromisoformat(name), "month": lambda name: date.fromisoformat(f"{name}-01")}
    first, last = (
        starts.get(period, lambda name: date.fromisoformat(f"{name}-1"))(name) for name in (seen[0], seen[-1])
    )
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    return list(dict.fromkeys(_period(day, period) for day in days))


def _scores(rows: list[ResultRow], profile: SiteProfile) -> ScoreShift | None:
    scores = np.array([row.score for row in rows if row.score is not None], np.float64)
    if len(scores) < FEWEST:
        return None
    reference = profile.reference
    bins = len(reference.edges) + 1
    counts = np.bincount(np.searchsorted(reference.edges, scores, side="right"), minlength=bins)
    return compare_scores(counts, np.array(reference.pneumonia), np.array(reference.normal), profile.prevalence)


def _alarms(found: Watch) -> tuple[str, ...]:
    said = []
    recent = (found.recent,) if found.recent else ()
    for group in (found.overall, *recent, *found.periods, *(found.devices if len(found.devices) > 1 else ())):
        said += [
            f"{group.name}: {point.count} of {point.total} films {RATES[kind]}, usual are {point.low} to {point.high}."
            for kind, point in group.rates.items()
            if point.outside
        ]
    said += [f"{group.name}: no films at all." for group in found.periods if not group.films]
    scores = found.scores
    if scores and scores.prevalence_moved:
        said.append(
            f"The scores fit a prevalence of {scores.prevalence:.1%}. At the stated {found.prevalence:.1%} they would "
            f"fit one of {scores.usual[0]:.1%} to {scores.usual[1]:.1%}."
        )
    if scores and scores.strange:
        said.append(
            f"No prevalence explains the scores: {scores.distance:.1%} of the films lie where none should, usual is up "
            f"to {scores.usual_distance:.1%}. Look for another device, processing, age or view."
        )
    return tuple(said)
