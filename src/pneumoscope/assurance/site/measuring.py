"""What a site's labelled films show: accuracy at every threshold and in every group."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from pneumoscope.assurance.site.claims import claims
from pneumoscope.assurance.site.films import JudgedFilm, JudgedFilms, judged, named_groups
from pneumoscope.assurance.site.validation import Counts, GroupRow, Subject, ThresholdRow, Validation
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Finding, Label
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.decision.prevalence import check_prevalence, predictive_values
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.errors import DataError
from pneumoscope.evaluation import metrics
from pneumoscope.evaluation.bootstrap import Estimate, Proportion, Resampling, Statistic, estimates
from pneumoscope.progress import Progress
from pneumoscope.screening.screener import Screener

GRID = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""The thresholds of the table: every twentieth, beside those of the rule."""


def judge(screener: Screener, labelled: Sequence[LabelledRadiograph], progress: Progress) -> JudgedFilms:
    """Screen labelled films.

    Raises:
        DataError: identical files carry different labels, or no film could be assessed.
    """
    films = []
    for done, (film, result) in enumerate(
        zip(labelled, screener.screen_many(film.path for film in labelled), strict=True), 1
    ):
        films.append(judged(film, result))
        progress("screening", done, len(labelled))
    return JudgedFilms.of(films)


def subject_of(screener: Screener) -> Subject:
    """What a screener is."""
    model, site = screener.model, screener.site
    return Subject(
        model.name,
        model.version,
        model.sha256,
        model.runtime,
        site.site if site else None,
        site.sha256 if site else None,
        screener.card.prevalence,
        screener.card.intended_use,
    )


def measure(
    films: JudgedFilms, rule: DecisionRule, subject: Subject, data: str, prevalence: float | None = None
) -> Validation:
    """Measure what labelled films show.

    Args:
        films: with their answers.
        rule: that gave the answers.
        subject: what was validated.
        data: the name of the folder or list.
        prevalence: share of pneumonia among the children who are radiographed at the site, within 0..1; None for the
            share among the films.

    Raises:
        DataError: a class is missing, or the prevalence is not between 0 and 1.
    """
    positive = films.positive
    if positive.all() or not positive.any():
        raise DataError("a validation needs films that could be assessed of both labels, normal and pneumonia")
    share = float(positive.mean()) if prevalence is None else prevalence
    try:
        check_prevalence(share)
    except ValueError as problem:
        raise DataError(f"{problem}") from problem
    rows = _rows(rule)
    groups = named_groups(films.assessed)
    measured = _measured(films, rows, groups, rule)
    counts = _counts(films)
    refused = named_groups(films.refused)
    table = [_threshold_row(point, films, measured, share) for point in rows]
    named = tuple(row for row in table if row.name)
    return Validation(
        data=data,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        subject=subject,
        rule=rule,
        prevalence=share,
        prevalence_stated=prevalence is not None,
        counts=counts,
        auc=measured["auc"],
        brier=measured["brier"],
        probability_mean=float(films.probability.mean()),
        answers=_answers(films),
        points=named,
        thresholds=tuple(table),
        groups={kind: _group_rows(kind, groups, refused, films, measured) for kind in groups},
        refusals=_refusals(films),
        claims=claims(films, rule, share, measured["auc"]),
        films_sha256=films.sha256,
    )


def _rows(rule: DecisionRule) -> list[OperatingPoint]:
    """All thresholds of the table, rising; those of the rule have a name."""
    points = list(rule.operating_points)
    if rule.rule_out is not None and rule.rule_out not in {point.threshold for point in points}:
        points.append(OperatingPoint("rule-out", rule.rule_out, "below it the answer is normal"))
    named = {point.threshold for point in points}
    points += [OperatingPoint("", threshold, "") for threshold in GRID if threshold not in named]
    return sorted(points, key=lambda point: (point.threshold, point.name))


def _measured(
    films: JudgedFilms, rows: list[OperatingPoint], groups: dict[str, dict[str, list[int]]], rule: DecisionRule
) -> dict[object, Estimate]:
    positive, probability = films.positive, films.probability
    statistics: dict[object, Statistic] = {
        "auc": metrics.auc(films.score, positive, ~positive),
        "brier": metrics.brier(probability, positive),
    }
    for point in rows:
        called = probability >= point.threshold
        statistics["recall", point.threshold] = Proportion(called, positive)
        statistics["specificity", point.threshold] = Proportion(~called, ~positive)
    called = probability >= rule.operating_point().threshold
    for kind, members in groups.items():
        for name, indices in members.items():
            here = _mask(indices, len(positive))
            statistics[kind, name, "recall"] = Proportion(called, positive & here)
            statistics[kind, name, "specificity"] = Proportion(~called, ~positive & here)
            statistics[kind, name, "auc"] = metrics.auc(films.score, positive & here, ~positive & here)
    return estimates(statistics, films.patients, Resampling())


def _mask(indices: list[int], size: int) -> NDArray[np.bool_]:
    mask = np.zeros(size, bool)
    mask[indices] = True
    return mask


def _threshold_row(
    point: OperatingPoint, films: JudgedFilms, measured: dict[object, Estimate], prevalence: float
) -> ThresholdRow:
    called, positive = films.probability >= point.threshold, films.positive
    recall, specificity = measured["recall", point.threshold], measured["specificity", point.threshold]
    found, cleared = float(recall.value or 0), float(specificity.value or 0)
    ppv, npv = predictive_values(found, cleared, prevalence)
    return ThresholdRow(
        name=point.name,
        threshold=point.threshold,
        found=int((called & positive).sum()),
        missed=int((~called & positive).sum()),
        false_alarms=int((called & ~positive).sum()),
        cleared=int((~called & ~positive).sum()),
        recall=recall,
        specificity=specificity,
        ppv=ppv,
        npv=npv,
        alerts=1000 * (prevalence * found + (1 - prevalence) * (1 - cleared)),
        missed_in_1000=1000 * prevalence * (1 - found),
    )


def _group_rows(
    kind: str,
    groups: dict[str, dict[str, list[int]]],
    refused: dict[str, dict[str, list[int]]],
    films: JudgedFilms,
    measured: dict[object, Estimate],
) -> tuple[GroupRow, ...]:
    none = Estimate(None, None, None)
    rows = []
    for name in dict.fromkeys([*groups[kind], *refused[kind]]):
        members = groups[kind].get(name, [])
        here = films.positive[members]
        answers = [films.assessed[index].finding for index in members]
        rows.append(
            GroupRow(
                name=name,
                pneumonia=int(here.sum()),
                normal=int((~here).sum()),
                not_assessed=len(refused[kind].get(name, [])),
                recall=measured.get((kind, name, "recall"), none),
                specificity=measured.get((kind, name, "specificity"), none),
                auc=measured.get((kind, name, "auc"), none),
                uncertain=answers.count(Finding.UNCERTAIN) / len(answers) if answers else None,
            )
        )
    return tuple(rows)


def _counts(films: JudgedFilms) -> Counts:
    positive, patients = films.positive, films.patients
    return Counts(
        films=len(positive),
        pneumonia=int(positive.sum()),
        normal=int((~positive).sum()),
        pneumonia_patients=len(np.unique(patients[positive])),
        normal_patients=len(np.unique(patients[~positive])),
        not_assessed=len(films.refused),
        copies=films.copies,
    )


def _answers(films: JudgedFilms) -> dict[str, dict[str, int]]:
    table = {label.value: {**dict.fromkeys(map(str, Finding), 0), "not_assessed": 0} for label in Label}
    for film in films.films:
        table[film.label][film.finding or "not_assessed"] += 1
    return table


def _refusals(films: JudgedFilms) -> dict[str, dict[str, int]]:
    counted = Counter((str(film.reason), film.label.value) for film in films.refused)
    reasons = sorted({reason for reason, _ in counted})
    return {reason: {label.value: counted[reason, label.value] for label in Label} for reason in reasons}


def wrong_answers(films: JudgedFilms, rule: DecisionRule) -> tuple[list[JudgedFilm], list[JudgedFilm]]:
    """Pneumonias that were not called pneumonia, least probable first; normals that were, most probable first."""
    threshold = rule.operating_point().threshold
    rising = [films.assessed[int(index)] for index in np.argsort(films.score, kind="stable")]
    missed = [film for film in rising if film.label is Label.PNEUMONIA and (film.probability or 0) < threshold]
    alarms = [film for film in rising[::-1] if film.label is Label.NORMAL and (film.probability or 0) >= threshold]
    return missed, alarms
