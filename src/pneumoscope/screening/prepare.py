"""One source to the network's input."""

import logging
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging import Header, NotAssessedError, Radiograph, Reason, Refusal, Remark, Source, to_input
from pneumoscope.imaging.bars import without_bars
from pneumoscope.imaging.preprocess import to_8_bit
from pneumoscope.imaging.reading import SourceTypeError, is_dataset, reader_for

PREVIEW_SIZE = 512
"""The longer side of a preview, in pixels."""

_log = logging.getLogger("pneumoscope")


@dataclass(frozen=True)
class Prepared:
    """A radiograph, ready for the network.

    Attributes:
        pixels: the network's input, uint8 (size, size).
        sha256: hex digest of the source.
        header: of a DICOM object; else None.
        remarks: on how it was read.
        preview: a small copy for a person's eyes, uint8 (height, width), aspect kept; None where none was asked for.
    """

    pixels: NDArray[np.uint8]
    sha256: str
    header: Header | None
    remarks: tuple[Remark, ...]
    preview: NDArray[np.uint8] | None


def prepare(source: Source, size: int, *, preview: bool) -> Prepared | Refusal:
    """Read one source and bring it to the network's input.

    A refusal is returned, not raised, because it is a result like any other; one that is passed in comes back.

    Args:
        source: see ``imaging.read``; or a Refusal of what could not even be fetched.
        size: side of the network's input, in pixels.
        preview: whether a small copy for a person's eyes is made too.

    Raises:
        TypeError: the source is of no type that ``imaging.read`` takes.
    """
    if isinstance(source, Refusal):
        return source
    read = reader_for(source)
    try:
        radiograph = read()
        return Prepared(
            to_input(radiograph, size),
            radiograph.sha256,
            radiograph.header,
            radiograph.remarks,
            _preview(radiograph) if preview else None,
        )
    except NotAssessedError as refused:
        return refused.refusal
    except SourceTypeError:
        raise
    except Exception as problem:  # a decoder's own bug must not stop the others; its text may name the patient
        _log.warning("A decoder failed with %s; the radiograph is not assessed.", type(problem).__name__)
        return Refusal(Reason.UNREADABLE, f"The file could not be decoded ({type(problem).__name__}).")


def is_one_source(sources: object) -> bool:
    """Whether this is one source and not several, though it could be iterated over."""
    if isinstance(sources, np.ndarray):
        return sources.ndim < 3 or (sources.ndim == 3 and sources.shape[2] == 3)  # else pictures one after the other
    if isinstance(sources, str | bytes | bytearray | memoryview | os.PathLike | Image.Image):
        return True
    return hasattr(sources, "read") or is_dataset(sources)


def snapshot(source: Source | Refusal) -> Source | Refusal:
    """The source as it is now: a caller may fill the same array or buffer again while it waits for its turn."""
    if isinstance(source, np.ndarray):
        return source.copy()
    return bytes(source) if isinstance(source, bytearray | memoryview) else source


def name_of(source: Source) -> str | None:
    """The path or name of a source; None where it has none."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", None) or getattr(source, "filename", None)  # of a file; of an image or a Dataset
    return name if isinstance(name, str) and name else None


def _preview(radiograph: Radiograph) -> NDArray[np.uint8]:
    image = Image.fromarray(to_8_bit(without_bars(radiograph.pixels)))
    image.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE), Image.Resampling.BILINEAR)
    return np.asarray(image)
