"""Counts of results, and the words and numbers that table, page and command share."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

from pneumoscope.decision.labels import Finding
from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.escaping import printable
from pneumoscope.screening.result import ModelIdentity, ScreeningResult, Status


@dataclass(frozen=True)
class Counts:
    """How many radiographs there are, and with what outcome.

    Attributes:
        total: all.
        pneumonia: with a finding of pneumonia.
        uncertain: with a finding of uncertain.
        not_assessed: refused.
    """

    total: int = 0
    pneumonia: int = 0
    uncertain: int = 0
    not_assessed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    @classmethod
    def of(cls, records: Iterable[dict[str, Any]]) -> "Counts":
        """Count records, as ``ScreeningResult.to_dict`` gives them; of each, "status" and "finding" are enough."""
        outcomes = Counter(row["finding"] if row["status"] == Status.SCREENED else row["status"] for row in records)
        kinds = (Finding.PNEUMONIA, Finding.UNCERTAIN, Status.NOT_ASSESSED)
        return cls(outcomes.total(), *(outcomes[kind] for kind in kinds))

    def sentence(self) -> str:
        """Say the counts in one sentence."""
        normal = self.total - self.pneumonia - self.uncertain - self.not_assessed
        parts = [f"{self.pneumonia} pneumonia", f"{normal} normal"]
        if self.uncertain:
            parts.insert(1, f"{self.uncertain} uncertain")
        if self.not_assessed:
            parts.append(f"{self.not_assessed} not assessed")
        return f"{self.total} film{'s' * (self.total != 1)}: {', '.join(parts)}."


class Tally:
    """Counts results as they come."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._last: ScreeningResult | None = None

    def add(self, result: ScreeningResult) -> None:
        """Count one result."""
        self.counts += Counts.of([{"status": result.status, "finding": result.finding}])
        self._last = result

    def sentence(self) -> str:
        """Sum up in one line: counts, operating point, model."""
        last = self._last
        if last is None:
            return "No films."
        footer = decision_footer(last.model, last.operating_point, last.threshold, last.site)
        return f"{self.counts.sentence()} {footer}"


def decision_footer(model: ModelIdentity, operating_point: str, threshold: float, site: str | None) -> str:
    """Name what decided: the operating point, the model, the site of the profile; say of one for a trial that it is."""
    return (
        f"Operating point {operating_point} (pneumonia from {threshold_text(threshold)}). "
        f"Model {model.name} {model.version}, {model.sha256[:12]}."
        f"{f' Site profile of {printable(site)}.' if site else ''}"
        f"{f' {model.trial}' if model.trial else ''}"
    )


def probability_text(value: float | None) -> str:
    """Write a probability for people as thresholds are written, and never as a certainty."""
    return "-" if value is None else threshold_text(min(max(value, 0.001), 0.999))
