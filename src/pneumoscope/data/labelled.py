"""The labelled radiograph: what a data source yields and a split divides."""

from dataclasses import dataclass, field
from pathlib import Path

from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.imaging import Refusal

SPLITS = ("train", "val", "test")
UNSPLIT = "all"
"""The split of radiographs whose source names none."""


@dataclass(frozen=True)
class LabelledRadiograph:
    """One labelled radiograph file.

    Attributes:
        path: where the file lies.
        label: normal or pneumonia.
        subtype: bacterial or viral; None for normals and where it is unknown.
        patient: the patient key, unique over labels and pathogens (see docs/data.md).
        split: one of SPLITS, or UNSPLIT.
        source: the hospital or publisher that it comes from; empty where there is only one.
        weight: how much its label is trusted against others of its source and label, above 0.
        listed: what a manifest says of it in columns of the site's own, by their names; no part of its identity.
    """

    path: Path
    label: Label
    subtype: Subtype | None
    patient: str
    split: str
    source: str = ""
    weight: float = 1.0
    listed: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def positive(self) -> bool:
        """Whether the film was labelled pneumonia."""
        return self.label is Label.PNEUMONIA

    @property
    def classes(self) -> tuple[bool, bool, bool]:
        """Which of the three CLASSES the label allows; both pneumonias when the subtype is unknown."""
        if not self.positive:
            return (True, False, False)
        return (False, self.subtype is not Subtype.VIRAL, self.subtype is not Subtype.BACTERIAL)


@dataclass(frozen=True)
class RefusedRadiograph:
    """A labelled radiograph that cannot be assessed.

    Attributes:
        labelled: the radiograph.
        refusal: why.
    """

    labelled: LabelledRadiograph
    refusal: Refusal
