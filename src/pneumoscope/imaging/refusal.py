"""Why a radiograph is not assessed: coded reasons, and the one value and the one error that carry them."""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pneumoscope.errors import PneumoscopeError
from pneumoscope.imaging.header import Header


class Reason(StrEnum):
    """Why a source was not assessed. The values are part of the output format."""

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
    CONTRADICTORY = "header_contradicts_pixels"
    BLANK = "blank_image"
    NOT_A_RADIOGRAPH = "not_a_radiograph"
    WRONG_BODY_PART = "wrong_body_part"
    WRONG_VIEW = "wrong_view"
    AGE_OUTSIDE_EVIDENCE = "age_outside_evidence"
    ROTATED_90 = "rotated_90"
    ROTATED_180 = "rotated_180"
    ROTATED_270 = "rotated_270"
    INVERTED = "inverted"
    SMALL_IN_FRAME = "small_in_frame"
    LUNGS = "lungs_not_seen"
    UNFAMILIAR = "unfamiliar"


@dataclass(frozen=True)
class Refusal:
    """What is known of a source that is not assessed.

    A value and not the exception itself, whose traceback would keep the bytes of the file in memory.

    Attributes:
        reason: the coded reason.
        detail: one sentence for a person: what was wrong and what to do. Holds no patient data and no path.
        sha256: hex digest of the source's bytes; None where they could not be read.
        header: of a DICOM object that could be parsed; else None.
    """

    reason: Reason
    detail: str
    sha256: str | None = None
    header: Header | None = None


class NotAssessedError(PneumoscopeError):
    """A source was refused. The text of the exception names the file where there is one.

    Attributes:
        refusal: why, and what is known of the source.
    """

    exit_code = 3

    def __init__(self, refusal: Refusal, path: Path | None = None) -> None:
        """Carry a refusal; ``path`` is named in the text."""
        said = f"{refusal.reason}: {refusal.detail}"
        super().__init__(f"{path}: {said}" if path else said)
        self.refusal = refusal

    def known(self, sha256: str | None = None, header: Header | None = None) -> "NotAssessedError":
        """The same refusal with more that is known of the source; what was known already stays."""
        refusal = self.refusal
        return NotAssessedError(replace(refusal, sha256=refusal.sha256 or sha256, header=refusal.header or header))


def refuse(reason: Reason, detail: str) -> NotAssessedError:
    """Make the error that refuses a source."""
    return NotAssessedError(Refusal(reason, detail))
