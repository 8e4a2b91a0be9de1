"""From a validation to a site profile: thresholds by order statistics of the site's own films."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from pneumoscope.assurance.site.claims import goal_text, share_text
from pneumoscope.assurance.site.films import JudgedFilms
from pneumoscope.assurance.site.validation import Validation
from pneumoscope.decision.guarantees import (
    CONFIDENCE,
    highest_with_recall,
    lower_bound,
    lowest_with_specificity,
    misses_allowed,
    trials_needed,
)
from pneumoscope.decision.labels import Finding, Label
from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.decision.rule import decide
from pneumoscope.decision.site_profile import Criteria, Evidence, Reference, SiteProfile
from pneumoscope.errors import DataError

_BINS = 10


@dataclass(frozen=True)
class Wishes:
    """What a site asks of its profile. Shares are within 0..1.

    Attributes:
        site: its name.
        who: is responsible.
        recall: the share of pneumonias that must not be answered "normal".
        specificity: the share of normals that must not be answered "pneumonia"; None for the threshold that the
            validation was made with.
        confidence: of both.
        statement: the site's own words.
        go_recall: what readers' reports must show later; None for ``recall``.
        go_specificity: None for what this validation shows, rounded down to five points.
        go_not_assessed: the most films that may be refused.
    """

    site: str
    who: str
    recall: float = 0.95
    specificity: float | None = None
    confidence: float = CONFIDENCE
    statement: str = ""
    go_recall: float | None = None
    go_specificity: float | None = None
    go_not_assessed: float = 0.05


def freeze(validation: Validation, films: JudgedFilms, wishes: Wishes) -> SiteProfile:
    """Choose the thresholds and freeze them.

    The rule-out threshold is an order statistic of the site's pneumonias, one film for each patient, so that its
    guarantee is exact whatever the model (``decision.guarantees.highest_with_recall``). The rule-in threshold is the
    same of the normals where a specificity is asked for.

    Args:
        validation: of the films.
        films: with their answers.
        wishes: what the site asks.

    Raises:
        DataError: there are too few films for what is asked; the text says how many are missing.
    """
    positives, negatives = films.extremes(positive=True), films.extremes(positive=False)
    rule_out = highest_with_recall(positives, wishes.recall, wishes.confidence)
    if rule_out is None:
        raise _too_few("pneumonia", len(positives), wishes.recall, "not answered normal", wishes.confidence)
    rule_in, rule_in_policy = validation.main.threshold, f"threshold of “{validation.main.name}”, not chosen here"
    if wishes.specificity is not None:
        chosen = lowest_with_specificity(negatives, wishes.specificity, wishes.confidence)
        if chosen is None:
            raise _too_few("a normal film", len(negatives), wishes.specificity, "not alarmed", wishes.confidence)
        rule_in = chosen
        rule_in_policy = (
            f"lowest threshold with specificity at least {wishes.specificity:g} on {len(negatives)} own patients, "
            f"with {wishes.confidence:.0%} confidence"
        )
    allowed = misses_allowed(len(positives), wishes.recall, wishes.confidence)
    subject = validation.subject
    try:
        return SiteProfile(
            site=wishes.site,
            bundle=f"{subject.name} {subject.version}",
            bundle_sha256=subject.sha256,
            rule_in=rule_in,
            rule_in_policy=rule_in_policy,
            rule_out=rule_out,
            rule_out_policy=(
                f"highest threshold with recall at least {wishes.recall:g} on {len(positives)} own patients with "
                f"pneumonia (at most {allowed} below it), with {wishes.confidence:.0%} confidence"
            ),
            prevalence=validation.prevalence,
            calibration_prevalence=subject.calibration_prevalence,
            who=wishes.who,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            evidence=_evidence(validation),
            reference=_reference(films, rule_in, rule_out),
            guarantees=_guarantees(positives, negatives, rule_in, rule_out, wishes),
            criteria=_criteria(negatives, rule_in, wishes),
            statement=wishes.statement,
        )
    except ValueError as problem:
        raise DataError(f"No profile can be made of these films: {problem}.") from problem


def _too_few(kind: str, have: int, share: float, what: str, confidence: float) -> DataError:
    needed = trials_needed(0, share, confidence)
    return DataError(
        f"There are {have} patients with {kind}, and to promise with {confidence:.0%} confidence that "
        f"{goal_text(share)} of them are {what}, {needed} are needed: {needed - have} are missing. Collect them, or "
        "ask for less."
    )


def _evidence(validation: Validation) -> Evidence:
    counts = validation.counts
    return Evidence(
        films=counts.films,
        pneumonia_patients=counts.pneumonia_patients,
        normal_patients=counts.normal_patients,
        not_assessed=counts.not_assessed,
        films_sha256=validation.films_sha256,
        predictions_sha256=validation.predictions_sha256,
    )


def _reference(films: JudgedFilms, rule_in: float, rule_out: float) -> Reference:
    """Tenths of the films, in scores, and how many of each label lie in each."""
    edges = np.unique(np.round(np.quantile(films.score, np.arange(1, _BINS) / _BINS), 6))
    place = np.searchsorted(edges, films.score, side="right")
    answers = {label: [0, 0, 0] for label in Label}
    for film in films.assessed:
        answers[film.label][list(Finding).index(decide(film.probability or 0.0, rule_in, rule_out))] += 1
    refused: dict[str, int] = {}
    for film in films.refused:
        refused[str(film.reason)] = refused.get(str(film.reason), 0) + 1
    bins = len(edges) + 1
    return Reference(
        edges=tuple(edges.tolist()),
        pneumonia=tuple(np.bincount(place[films.positive], minlength=bins).tolist()),
        normal=tuple(np.bincount(place[~films.positive], minlength=bins).tolist()),
        answers={label: (counts[0], counts[1], counts[2]) for label, counts in answers.items()},
        not_assessed=refused,
    )


def _guarantees(
    positives: np.ndarray, negatives: np.ndarray, rule_in: float, rule_out: float, wishes: Wishes
) -> tuple[str, ...]:
    bound = wishes.confidence
    below, sure = int((positives < min(rule_out, rule_in)).sum()), f"{wishes.confidence:.0%} confidence"
    cleared, found = int((negatives < rule_in).sum()), int((positives >= rule_in).sum())
    chosen = "was chosen on these films" if wishes.specificity is not None else "was not chosen on these films"
    return (
        f"At least {goal_text(wishes.recall)} of the patients with pneumonia have no film answered “normal” ({sure}; "
        f"{below} of {len(positives)} had one).",
        f"At least {share_text(lower_bound(cleared, len(negatives), bound))} of the patients without have no film "
        f"answered “pneumonia” ({sure}; {cleared} of {len(negatives)}). The threshold {chosen}.",
        f"At least {share_text(lower_bound(found, len(positives), bound))} of the patients with pneumonia have all "
        f"their films answered “pneumonia” ({sure}; {found} of {len(positives)}).",
        "Each holds for patients, films and devices like those of the evidence, for films that can be assessed, and "
        "alone, not together with the others.",
    )


def _criteria(negatives: np.ndarray, rule_in: float, wishes: Wishes) -> Criteria:
    shown = lower_bound(int((negatives < rule_in).sum()), len(negatives), wishes.confidence)
    rounded = max(int(shown * 20) / 20, 0.05)
    return Criteria(
        recall=wishes.go_recall or wishes.recall,
        specificity=wishes.go_specificity or rounded,
        not_assessed=wishes.go_not_assessed,
        confidence=wishes.confidence,
    )


def summary(profile: SiteProfile) -> str:
    """The profile in one line."""
    return (
        f"{profile.site}: normal below {threshold_text(min(profile.rule_out, profile.rule_in))}, pneumonia from "
        f"{threshold_text(profile.rule_in)}, for {profile.bundle}"
    )
