"""The record of a validation: what a site's labelled films showed."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from pneumoscope._version import __version__
from pneumoscope.decision.labels import Finding
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.errors import DataError
from pneumoscope.evaluation.bootstrap import Estimate

SCHEMA = 1


@dataclass(frozen=True)
class Subject:
    """What was validated.

    Attributes:
        name: of the bundle.
        version: of the bundle.
        sha256: hex digest of the bundle.
        runtime: what did the arithmetic.
        site: the name of the site whose profile was used; None for the bundle's own rule.
        site_profile_sha256: of that profile; None for the bundle's own rule.
        calibration_prevalence: share of pneumonias that the bundle was calibrated at; None where its card is silent.
        intended_use: as the bundle says.
    """

    name: str
    version: str
    sha256: str
    runtime: str
    site: str | None
    site_profile_sha256: str | None
    calibration_prevalence: float | None
    intended_use: str


@dataclass(frozen=True)
class Counts:
    """How many films and patients there are.

    Attributes:
        films: assessed.
        pneumonia: of these, labelled pneumonia.
        normal: of these, labelled normal.
        pneumonia_patients: patients with an assessed pneumonia.
        normal_patients: patients with an assessed normal film.
        not_assessed: films that were refused.
        copies: spare copies of the same file, left out.
    """

    films: int
    pneumonia: int
    normal: int
    pneumonia_patients: int
    normal_patients: int
    not_assessed: int
    copies: int


@dataclass(frozen=True)
class ThresholdRow:
    """What one threshold achieves, and what it means among 1,000 children at the site's prevalence.

    Attributes:
        name: of the operating point; empty for a threshold of the grid.
        threshold: on the probability, 0..1.
        found: pneumonias at or above it.
        missed: pneumonias below it.
        false_alarms: normals at or above it.
        cleared: normals below it.
        recall: share of the pneumonias found.
        specificity: share of the normals cleared.
        ppv: share of alerts that are right, at the site's prevalence; None without alerts.
        npv: share of the films below the threshold that are right; None where there are none.
        alerts: in 1,000 children.
        missed_in_1000: pneumonias below the threshold, in 1,000 children.
    """

    name: str
    threshold: float
    found: int
    missed: int
    false_alarms: int
    cleared: int
    recall: Estimate
    specificity: Estimate
    ppv: float | None
    npv: float | None
    alerts: float | None
    missed_in_1000: float | None


@dataclass(frozen=True)
class GroupRow:
    """One age band, view or device.

    Attributes:
        name: of the group.
        pneumonia: films with an answer.
        normal: films with an answer.
        not_assessed: films without.
        recall: at the threshold of the rule.
        specificity: at the threshold of the rule.
        auc: area under the ROC curve.
        uncertain: share of the answers that are uncertain; None without answers.
    """

    name: str
    pneumonia: int
    normal: int
    not_assessed: int
    recall: Estimate
    specificity: Estimate
    auc: Estimate
    uncertain: float | None


@dataclass(frozen=True)
class Validation:
    """The result of ``measuring.measure``.

    Attributes:
        data: the name of the folder or list.
        created: ISO 8601 date and time, UTC.
        subject: what was validated.
        rule: the decision rule that was judged.
        prevalence: share of pneumonia that the numbers for 1,000 children assume, within 0..1.
        prevalence_stated: whether the site stated it; else it is the share among the labelled films.
        counts: how many films there are.
        auc: area under the ROC curve.
        brier: squared error of the probability.
        probability_mean: mean probability of all assessed films, 0..1, which a calibrated model has at the share below.
        answers: by label, how many films got which answer; "not_assessed" among them.
        points: the results at the operating points of the rule, and at the rule-out threshold.
        thresholds: the results at every threshold of the table, rising.
        groups: by kind ("age", "view", "device"), the results of each group.
        refusals: by coded reason, how many films of each label were not assessed.
        claims: what may be claimed, in sentences.
        films_sha256: names the set of films.
        predictions_sha256: of the file of predictions; empty before it is written.
        schema: of this record.
        package_version: of pneumoscope.
    """

    data: str
    created: str
    subject: Subject
    rule: DecisionRule
    prevalence: float
    prevalence_stated: bool
    counts: Counts
    auc: Estimate
    brier: Estimate
    probability_mean: float
    answers: dict[str, dict[str, int]]
    points: tuple[ThresholdRow, ...]
    thresholds: tuple[ThresholdRow, ...]
    groups: dict[str, tuple[GroupRow, ...]]
    refusals: dict[str, dict[str, int]]
    claims: tuple[str, ...]
    films_sha256: str
    predictions_sha256: str = ""
    schema: int = SCHEMA
    package_version: str = __version__

    @property
    def main(self) -> ThresholdRow:
        """The result at the default operating point."""
        return next(row for row in self.points if row.name == self.rule.default_operating_point)

    @property
    def uncertain(self) -> float:
        """Share of the assessed films whose answer is uncertain."""
        return sum(answers[Finding.UNCERTAIN] for answers in self.answers.values()) / self.counts.films


def read_validation(path: Path) -> Validation:
    """Read the JSON twin of a validation's page.

    Raises:
        DataError: it cannot be read, or is none of this version.
    """
    try:
        made = msgspec.json.decode(path.read_bytes(), type=Validation)
    except (OSError, msgspec.MsgspecError, ValueError) as problem:
        raise DataError(f"{path}: no validation of this version ({problem}); validate the films again") from problem
    if made.schema != SCHEMA:
        raise DataError(
            f"{path}: a validation of schema {made.schema}, and this version reads {SCHEMA}; validate again"
        )
    return made
