"""Results against the readers' reports that came later: go, or no go, by criteria that were frozen before."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from pneumoscope.assurance.site.claims import goal_text
from pneumoscope.assurance.site.results import Listed, ResultRow
from pneumoscope.decision.guarantees import interval, lower_bound, trials_needed, upper_bound
from pneumoscope.decision.labels import Finding, Label
from pneumoscope.decision.site_profile import SiteProfile
from pneumoscope.errors import DataError


class Verdict(StrEnum):
    """What the reports show. The values are part of the JSON twin."""

    GO = "go"
    NOT_YET = "not_yet"
    NO_GO = "no_go"


@dataclass(frozen=True)
class Criterion:
    """One criterion, and what the reports show of it. Shares are 0..1.

    Attributes:
        name: in words.
        asked: "at least 95%", or "at most 5%".
        hits: of the trials, how many are as they should be, or, of refusals, are refused.
        trials: patients; films where refusals are counted.
        share: hits of trials; None without trials.
        low: lower end of its exact two-sided interval, at the confidence of the criteria.
        high: upper end.
        verdict: go where it is shown, no_go where the opposite is shown, else not_yet.
        missing: how many more trials without a fault would show it; None where it is shown or cannot be.
    """

    name: str
    asked: str
    hits: int
    trials: int
    share: float | None
    low: float
    high: float
    verdict: Verdict
    missing: int | None


@dataclass(frozen=True)
class Shadow:
    """The result of :func:`shadow`.

    Attributes:
        created: ISO 8601 date and time, UTC.
        results: results that count.
        too_early: results from before the profile was frozen; they count nowhere.
        reported: results with a reader's label.
        unreported: results without.
        unmatched: reports without a result.
        answers: by label, how many films got which answer; "not_assessed" among them.
        criteria: what was asked, and what was shown.
        verdict: go where all are shown, no_go where the opposite of one is shown, else not_yet.
        missed: sources of the pneumonias that were answered normal.
    """

    created: str
    results: int
    too_early: int
    reported: int
    unreported: int
    unmatched: int
    answers: dict[str, dict[str, int]]
    criteria: tuple[Criterion, ...]
    verdict: Verdict
    missed: tuple[str, ...]


def shadow(joined: Sequence[tuple[ResultRow, Listed | None]], reports: int, profile: SiteProfile) -> Shadow:
    """Judge the criteria of a profile.

    Args:
        joined: results, each with what the reports say of its film.
        reports: how many reports there are.
        profile: of the site; its thresholds give the answers, and its criteria were frozen with it.

    Raises:
        DataError: no result has a report, or all were made before the profile.
    """
    frozen = datetime.fromisoformat(profile.created)
    later = [(row, known) for row, known in joined if row.time >= frozen]
    labelled = [(row, known) for row, known in later if known and known.label]
    if not labelled:
        early = len(joined) - len(later)
        raise DataError(
            f"None of the {len(joined)} results can be judged: {early} were made before the profile was frozen, and "
            f"{len(later)} have no report with a label; do the columns path, source_sha256 or sop_instance_uid fit?"
        )
    answers = Counter((known.label, _answer(row, profile)) for row, known in labelled if known)
    criteria = _criteria(later, labelled, profile)
    verdicts = {criterion.verdict for criterion in criteria}
    matched = {id(known) for _, known in joined if known}
    return Shadow(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        results=len(later),
        too_early=len(joined) - len(later),
        reported=len(labelled),
        unreported=len(later) - len(labelled),
        unmatched=reports - len(matched),
        answers={
            label.value: {name: answers[label, name] for name in (*map(str, Finding), "not_assessed")}
            for label in Label
        },
        criteria=criteria,
        verdict=next(kind for kind in (Verdict.NO_GO, Verdict.NOT_YET, Verdict.GO) if kind in verdicts),
        missed=tuple(
            row.source or row.source_sha256 or "a film without a name"
            for row, known in labelled
            if known and known.label is Label.PNEUMONIA and _answer(row, profile) == Finding.NORMAL
        ),
    )


def _answer(row: ResultRow, profile: SiteProfile) -> str:
    return "not_assessed" if row.probability is None else str(profile.finding(row.probability))


def _criteria(
    later: Sequence[tuple[ResultRow, Listed | None]],
    labelled: Sequence[tuple[ResultRow, Listed | None]],
    profile: SiteProfile,
) -> tuple[Criterion, ...]:
    def patients(label: Label, bad: Finding) -> tuple[int, int]:
        """Patients with no film that is answered badly, and all patients, of a label."""
        well: dict[str, bool] = {}
        for number, (row, known) in enumerate(labelled):
            if known and known.label is label and row.probability is not None:
                key = known.patient or f"film {number}"
                well[key] = well.get(key, True) and profile.finding(row.probability) is not bad
        return sum(well.values()), len(well)

    asked = profile.criteria
    refused = sum(row.probability is None for row, _ in later)
    return (
        _at_least("Patients with pneumonia of whom no film is answered normal", asked.recall, asked.confidence)(
            *patients(Label.PNEUMONIA, Finding.NORMAL)
        ),
        _at_least("Patients without of whom no film is answered pneumonia", asked.specificity, asked.confidence)(
            *patients(Label.NORMAL, Finding.PNEUMONIA)
        ),
        _at_most("Films that are not assessed", asked.not_assessed, asked.confidence, refused, len(later)),
    )


def _at_least(name: str, share: float, confidence: float) -> Callable[[int, int], Criterion]:
    def judge(hits: int, trials: int) -> Criterion:
        if lower_bound(hits, trials, confidence) >= share:
            verdict = Verdict.GO
        else:
            verdict = Verdict.NO_GO if upper_bound(hits, trials, confidence) < share else Verdict.NOT_YET
        missing = trials_needed(trials - hits, share, confidence) - trials if verdict is Verdict.NOT_YET else None
        return _criterion(name, f"at least {goal_text(share)}", (hits, trials), confidence, verdict, missing)

    return judge


def _at_most(name: str, share: float, confidence: float, hits: int, trials: int) -> Criterion:
    good = _at_least(name, 1 - share, confidence)(trials - hits, trials)
    return _criterion(name, f"at most {goal_text(share)}", (hits, trials), confidence, good.verdict, good.missing)


def _criterion(
    name: str, asked: str, counted: tuple[int, int], confidence: float, verdict: Verdict, missing: int | None
) -> Criterion:
    hits, trials = counted
    low, high = interval(hits, trials, 2 * confidence - 1)
    return Criterion(name, asked, hits, trials, hits / trials if trials else None, low, high, verdict, missing)
