"""The labelled radiograph file: what a data source yields and a split divides."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Label(StrEnum):
    """What a film was labelled by its readers."""

    NORMAL = "normal"
    PNEUMONIA = "pneumonia"


class Subtype(StrEnum):
    """The pathogen behind a pneumonia, where it is known."""

    BACTERIAL = "bacterial"
    VIRAL = "viral"


CLASSES = ("normal", "bacterial", "viral")
"""The order of the model's three logits."""


@dataclass(frozen=True)
class Film:
    """One labelled radiograph file.

    Attributes:
        path: where the file lies.
        label: normal or pneumonia.
        subtype: bacterial or viral; None for normals and where it is unknown.
        patient: the patient key, unique over labels and pathogens (see docs/data.md).
        split: "train", "val" or "test".
    """

    path: Path
    label: Label
    subtype: Subtype | None
    patient: str
    split: str

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
