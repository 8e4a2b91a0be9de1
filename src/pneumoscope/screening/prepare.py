"""One film from disk to model input."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging import NotAssessedError, Radiograph, Reason, read, to_input
from pneumoscope.imaging.preprocess import to_8_bit

Source = Path | str | bytes | NDArray[np.generic]
"""A file, a file's content, or an array; see ``imaging.read``."""

PREVIEW_SIZE = 512
"""The longer side of the film that a result carries, in pixels."""


@dataclass(frozen=True)
class Prepared:
    """A film that passed the input gate.

    Attributes:
        pixels: the model's input, uint8 (size, size).
        film: the film for a person's eyes, uint8 (height, width), aspect kept; None where none was asked for.
    """

    pixels: NDArray[np.uint8]
    film: NDArray[np.uint8] | None


@dataclass(frozen=True)
class Refusal:
    """What the input gate said of a file that it refused.

    A value and not the exception itself, whose traceback would keep the file's bytes in memory.

    Attributes:
        reason: the coded reason.
        detail: one sentence for a person. Holds no patient data.
    """

    reason: Reason
    detail: str


def prepare(source: Source, size: int, *, preview: bool) -> Prepared | Refusal:
    """Decode one film; a refusal is returned, not raised, because it is a result like any other."""
    try:
        radiograph = read(source)
        return Prepared(to_input(radiograph, size), _preview(radiograph) if preview else None)
    except NotAssessedError as refused:
        return Refusal(refused.reason, refused.detail)
    except Exception as problem:  # a decoder's own bug must not stop the other films; its text may name the patient
        return Refusal(Reason.UNREADABLE, f"The file could not be decoded ({type(problem).__name__}).")


def _preview(radiograph: Radiograph) -> NDArray[np.uint8]:
    image = Image.fromarray(to_8_bit(radiograph.pixels))
    image.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE), Image.Resampling.BILINEAR)
    return np.asarray(image)
