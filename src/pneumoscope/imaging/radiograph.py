"""One radiograph in memory, and the coded reasons for which a file is not assessed."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import PneumoscopeError


class Reason(StrEnum):
    """Why a file was not assessed. The values are part of the output format."""

    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"
    EMPTY = "empty_file"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    TOO_LARGE = "declared_size_too_large"
    TOO_SMALL = "too_small"
    NO_PIXEL_DATA = "no_pixel_data"
    MULTIPLE_FRAMES = "multiple_frames"
    UNSUPPORTED = "unsupported_encoding"
    BLANK = "blank_image"
    NOT_A_RADIOGRAPH = "not_a_radiograph"


class NotAssessedError(PneumoscopeError):
    """The input gate refused a file.

    Attributes:
        reason: the coded reason.
        detail: one sentence for a person: what was wrong and what to do. Holds no patient data and no path; the
            exception's own text names the file where there is one.
    """

    exit_code = 3

    def __init__(self, reason: Reason, detail: str, path: Path | None = None) -> None:
        super().__init__(f"{path}: {reason}: {detail}" if path else f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Radiograph:
    """One decoded radiograph, normalised to grey.

    Attributes:
        pixels: shape (height, width), 0 = black (air) to 255 = white (bone), MONOCHROME2 sense; uint8 where the source
            held 8 bits (a quarter of the memory, and no work), float32 where it held more or was windowed.
        sha256: hex digest of the file's bytes (of the array's bytes when it came from memory).
        encoding: "JPEG", "PNG", "TIFF", "DICOM" or "array".
    """

    pixels: NDArray[np.uint8] | NDArray[np.float32]
    sha256: str
    encoding: str
