"""One radiograph in memory."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging.header import Header

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""Grey, shape (height, width), 0 = black (air) to 255 = white (bone): MONOCHROME2 sense. uint8 where the source held 8
bits (a quarter of the memory, and no work), float32 where it held more or was windowed."""


class Remark(StrEnum):
    """What the reader of a result should know of its source and its model. The values are part of the output format."""

    BIT_DEPTH_INFERRED = "bit_depth_inferred"
    NO_WINDOW = "no_window"
    ORIENTATION_APPLIED = "orientation_applied"
    BODY_PART_UNKNOWN = "body_part_unknown"
    VIEW_UNKNOWN = "view_unknown"
    ONE_SIDE = "one_side"
    AGE_UNKNOWN = "age_unknown"
    AGE_OUTSIDE_EVIDENCE = "age_outside_evidence"
    LUNGS_CUT_OFF = "lungs_cut_off"
    ONE_LUNG_SEEN = "one_lung_seen"
    TRIAL_MODEL = "trial_model"

    @property
    def sentence(self) -> str:
        """The remark for a person."""
        return _SENTENCES[self]


_SENTENCES = {
    Remark.BIT_DEPTH_INFERRED: "The file does not say how many bits its greys have: the brightest pixel decided.",
    Remark.NO_WINDOW: "The DICOM object has no window: its own darkest and brightest values were taken.",
    Remark.ORIENTATION_APPLIED: "The picture was turned as the orientation in the file says.",
    Remark.BODY_PART_UNKNOWN: "The header does not say that the film shows the chest: check that it does.",
    Remark.VIEW_UNKNOWN: "The header does not say from where the film was taken: check that it is a frontal view.",
    Remark.ONE_SIDE: "The header says that the film shows one side only: check that both lungs are on it.",
    Remark.AGE_UNKNOWN: "The header has no age: check that the patient is of an age that the model was made for.",
    Remark.AGE_OUTSIDE_EVIDENCE: "There is no evidence for patients of this age: do not rely on the finding.",
    Remark.LUNGS_CUT_OFF: "The lungs seem to reach over the edge of the picture: check that both are on it, whole.",
    Remark.ONE_LUNG_SEEN: "One lung is hardly seen: it may be cut off, or very dense.",
    Remark.TRIAL_MODEL: "The model was trained for a trial only: do not use its answer.",
}


@dataclass(frozen=True)
class Decoded:
    """What a format's decoder makes of the bytes of a file.

    Attributes:
        pixels: see Pixels.
        header: of a DICOM object; else None.
        remarks: on how it was read.
    """

    pixels: Pixels
    header: Header | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Radiograph:
    """One decoded radiograph, normalised to grey.

    Attributes:
        pixels: see Pixels.
        sha256: hex digest of the file's bytes; of the array's bytes when it came as an array or a PIL image; of the
            DICOM file that pydicom writes when it came as a Dataset.
        encoding: the name of the format, such as "JPEG" or "DICOM"; "array" for an array or a PIL image.
        header: of a DICOM object; else None.
        remarks: on how it was read.
    """

    pixels: Pixels
    sha256: str
    encoding: str
    header: Header | None = None
    remarks: tuple[Remark, ...] = ()
