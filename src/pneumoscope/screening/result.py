"""What screening says about one radiograph."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope._version import __version__
from pneumoscope.decision.labels import Finding
from pneumoscope.escaping import well_formed
from pneumoscope.imaging import Header, Reason, Remark
from pneumoscope.screening.heatmap import overlay
from pneumoscope.screening.record import SCHEMA_VERSION, Record


class Status(StrEnum):
    """Whether a radiograph was assessed. The values are part of the output format."""

    SCREENED = "screened"
    NOT_ASSESSED = "not_assessed"


class HeatmapStatus(StrEnum):
    """What became of a heatmap when it was checked; see ``heatmap_check``."""

    SHOWN = "shown"
    OUTSIDE_LUNGS = "outside_lungs"
    UNSTABLE = "unstable"

    @property
    def why_hidden(self) -> str | None:
        """One sentence for a person; None of a heatmap that is shown."""
        return _WHY_HIDDEN.get(self)


_WHY_HIDDEN = {
    HeatmapStatus.OUTSIDE_LUNGS: (
        "Heatmap not shown: most of it lies outside the lungs, so the finding may rest on something else."
    ),
    HeatmapStatus.UNSTABLE: "Heatmap not shown: it changes when the film is moved by a few pixels.",
}


@dataclass(frozen=True)
class ModelIdentity:
    """Which model spoke.

    Attributes:
        name: the bundle's name.
        version: the bundle's version.
        sha256: hex digest of the bundle file, so that a result can be traced to the exact model and thresholds.
        runtime: what did the arithmetic, one of ``runtime.opening.RUNTIMES`` but "auto".
        trial: why nobody should use it, in a sentence; None for one that was trained in earnest.
    """

    name: str
    version: str
    sha256: str
    runtime: str
    trial: str | None = None


@dataclass(frozen=True)
class ScreeningResult:
    """The result of one radiograph. Research use; not a medical device.

    Attributes:
        source: the path or name of what was screened; None for bytes, an array, or a Dataset.
        source_sha256: hex digest of its bytes; None where they could not be read.
        header: the small header of a DICOM object; else None.
        time: when the result was made, UTC.
        status: screened, or not assessed.
        model: the model that was used.
        operating_point: the name of the threshold that was used.
        threshold: the probability from which the finding is pneumonia, between 0 and 1.
        rule_out: the probability below which the finding is normal; at most ``threshold``, and between the two it is
            uncertain.
        site_profile_sha256: hex digest of the site profile whose thresholds were used; None where none was.
        site: the name of its site; None where there was no profile.
        probability_at_site: ``probability`` at the prevalence that the profile states, 0..1; None without a profile,
            and where the prevalence that the bundle was calibrated at is not known.
        reason: the coded reason; only where it was not assessed.
        detail: one sentence for a person; only where it was not assessed.
        score: raw logit of pneumonia.
        probability: calibrated probability of pneumonia, 0..1.
        finding: normal, uncertain (a person must read it) or pneumonia.
        prevalence: share of pneumonias at which ``probability`` and the thresholds hold, within 0..1; None where the
            bundle does not say it.
        viral_probability: probability of a viral pneumonia, 0..probability.
        remarks: coded remarks on how the source was read, and on the model.
        heatmap_file: path of the picture of the heatmap; None where none was written.
        listed: other columns of the list that named the source, by their names; empty where no list did.
        contribution_map: float32 (P, P): local log odds of pneumonia, whose mean is the log odds of ``probability``.
        heatmap: whether the heatmap may be shown; None where there is none: on a radiograph without heat, such as a
            normal one, and where no heatmap was asked for.
        preview: uint8 (height, width), 0 black to 255 white, a small copy for a person's eyes without flat bars beside
            the film, its longer side at most 512 pixels; None where no heatmap was asked for.
    """

    source: str | None
    source_sha256: str | None
    status: Status
    model: ModelIdentity
    operating_point: str
    threshold: float
    rule_out: float
    time: datetime = field(compare=False)
    header: Header | None = None
    site_profile_sha256: str | None = None
    site: str | None = None
    probability_at_site: float | None = None
    reason: Reason | None = None
    detail: str | None = None
    score: float | None = None
    probability: float | None = None
    finding: Finding | None = None
    prevalence: float | None = None
    viral_probability: float | None = None
    remarks: tuple[Remark, ...] = ()
    heatmap_file: str | None = None
    listed: dict[str, str] = field(default_factory=dict)
    contribution_map: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    heatmap: HeatmapStatus | None = None
    preview: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        r"""Give the result as JSON values: the keys and values of ``pneumoscope info --schema``, in that order.

        A byte 0xFF in the name of a file, which is no UTF-8, comes out as the text ``\udcff``.
        """
        header = self.header or Header()
        flat = Record(
            schema_version=SCHEMA_VERSION,
            source=well_formed(self.source),
            source_sha256=self.source_sha256,
            sop_instance_uid=header.sop_instance_uid,
            series_instance_uid=header.series_instance_uid,
            study_instance_uid=header.study_instance_uid,
            device=header.device,
            time=self.time,
            status=self.status.value,
            reason=self.reason,
            detail=self.detail,
            finding=self.finding,
            probability=self.probability,
            prevalence=self.prevalence,
            viral_probability=self.viral_probability,
            score=self.score,
            threshold=self.threshold,
            rule_out=self.rule_out,
            operating_point=self.operating_point,
            model_name=self.model.name,
            model_version=self.model.version,
            model_sha256=self.model.sha256,
            site_profile_sha256=self.site_profile_sha256,
            runtime=self.model.runtime,
            package_version=__version__,
            remarks=list(self.remarks),
            heatmap_file=well_formed(self.heatmap_file),
            listed=self.listed,
        )
        values: dict[str, Any] = msgspec.to_builtins(flat)
        return values

    def heatmap_image(self) -> Image.Image:
        """Draw the heatmap over the preview; one that failed its check leaves the preview as it is.

        Returns:
            An RGB image of the size of ``preview``.

        Raises:
            ValueError: it was not assessed, or no heatmap was asked for.
        """
        if self.preview is None or self.contribution_map is None:
            raise ValueError("no heatmap: it was not assessed, or none was asked for")
        if self.heatmap is not None and self.heatmap.why_hidden:
            return Image.fromarray(self.preview).convert("RGB")
        return overlay(self.preview, self.contribution_map, self.threshold)
