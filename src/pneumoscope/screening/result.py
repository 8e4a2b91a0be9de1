"""What screening says about one radiograph."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging import Reason

FIELDS = (
    "path", "status", "reason", "detail", "score", "probability", "threshold", "operating_point", "finding",
    "viral_probability", "model_name", "model_version", "model_sha256", "runtime",
)  # fmt: skip
"""The columns of the CSV and the keys of a JSON line."""


class Status(StrEnum):
    """Whether the input gate let the film through. The values are part of the output format."""

    SCREENED = "screened"
    NOT_ASSESSED = "not_assessed"


class Heatmap(StrEnum):
    """What became of a heatmap when it was checked; see ``explanation``."""

    SHOWN = "shown"
    OUTSIDE_LUNGS = "outside_lungs"
    UNSTABLE = "unstable"

    @property
    def why_hidden(self) -> str | None:
        """One sentence for a person; None of a heatmap that is shown."""
        return _WHY_HIDDEN.get(self)


_WHY_HIDDEN = {
    Heatmap.OUTSIDE_LUNGS: "Heatmap not shown: it points at the lungs less than chance would.",
    Heatmap.UNSTABLE: "Heatmap not shown: it changes when the film is moved by a few pixels.",
}


@dataclass(frozen=True)
class ModelIdentity:
    """Which model spoke.

    Attributes:
        name: the bundle's name.
        version: the bundle's version.
        sha256: hex digest of the bundle file, so that a result can be traced to the exact model and thresholds.
        runtime: what did the arithmetic, one of ``session.RUNTIMES``.
    """

    name: str
    version: str
    sha256: str
    runtime: str


@dataclass(frozen=True)
class Screening:
    """The result of one radiograph. Research use; not a medical device.

    Attributes:
        path: the file as it was named; None for a radiograph that came as bytes or as an array.
        status: screened, or not assessed because the input gate refused the file.
        model: the model that was used.
        operating_point: the name of the threshold that was used.
        threshold: the probability from which the finding is pneumonia, 0..1.
        reason: the coded reason; only of a film that was not assessed.
        detail: one sentence for a person; only of a film that was not assessed.
        score: raw logit of pneumonia.
        probability: calibrated probability of pneumonia, 0..1.
        finding: "pneumonia" or "normal".
        viral_probability: probability of a viral pneumonia, 0..probability.
        evidence: float32 (P, P): local log-odds of pneumonia, whose mean is the log-odds of ``probability``.
        heatmap: whether the heatmap may be shown; None where there is none: on a film without heat, such as a normal
            one, and where no preview was asked for.
        film: uint8 (height, width), 0 black to 255 white: the film as it was read, its longer side at most 512 pixels;
            None where no preview was asked for.
    """

    path: str | None
    status: Status
    model: ModelIdentity
    operating_point: str
    threshold: float
    reason: Reason | None = None
    detail: str | None = None
    score: float | None = None
    probability: float | None = None
    finding: str | None = None
    viral_probability: float | None = None
    evidence: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    heatmap: Heatmap | None = None
    film: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)

    def record(self) -> dict[str, str | float | None]:
        """Give the result as a flat record of ``FIELDS``."""
        values = (
            self.path,
            self.status.value,
            self.reason.value if self.reason else None,
            self.detail,
            self.score,
            self.probability,
            self.threshold,
            self.operating_point,
            self.finding,
            self.viral_probability,
            self.model.name,
            self.model.version,
            self.model.sha256,
            self.model.runtime,
        )
        return dict(zip(FIELDS, values, strict=True))
