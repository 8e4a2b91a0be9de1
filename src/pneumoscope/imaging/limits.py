"""The input gate: what a picture must be before a model may look at it, and the limits that keep decoding safe."""

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging.radiograph import NotAssessedError, Reason

MAX_BYTES = 512 * 2**20
"""Most bytes a file may hold. The largest uncompressed radiograph (40 megapixels, 16 bits) needs 80 MB."""

MAX_PIXELS = 100_000_000
"""Most pixels a header may declare, checked before decoding. The largest chest detectors give 20 megapixels."""

MIN_SIDE = 112
"""Least length of the shorter side in pixels: half the model's input; below it, interpolation makes up most of it."""

MIN_CONTRAST = 8.0
"""Least difference, in grey levels of 256, between the darkest and the brightest pixel."""

_WHITES = (255, 1023, 4095, 16383, 65535)

_heard = threading.local()  # .messages: what the decoders have said to this thread
_hush_lock = threading.Lock()
_hushed = 0  # threads in quiet()
_restore = warnings.catch_warnings()


def check_bytes(count: int) -> None:
    """Refuse a source without content, or with more than MAX_BYTES.

    Raises:
        NotAssessedError: EMPTY or UNREADABLE.
    """
    if count == 0:
        raise NotAssessedError(Reason.EMPTY, "The file is empty; copy or export it again.")
    if count > MAX_BYTES:
        raise NotAssessedError(
            Reason.UNREADABLE,
            f"The file holds more than {MAX_BYTES // 2**20} MiB; export one film per file.",
        )


def check_size(width: int, height: int) -> None:
    """Refuse a declared size that is too large to decode safely, or too small to be judged.

    Raises:
        NotAssessedError: TOO_LARGE or TOO_SMALL.
    """
    if width * height > MAX_PIXELS:
        raise NotAssessedError(
            Reason.TOO_LARGE,
            f"The header declares {width} x {height} pixels; at most {MAX_PIXELS // 10**6} megapixels are decoded.",
        )
    if min(width, height) < MIN_SIDE:
        raise NotAssessedError(
            Reason.TOO_SMALL,
            f"The picture is {width} x {height} pixels; the shorter side needs at least {MIN_SIDE}. "
            "Export the film at its original size.",
        )


def check_frames(multiple: bool) -> None:
    """Refuse a file that holds more than one picture.

    Raises:
        NotAssessedError: MULTIPLE_FRAMES.
    """
    if multiple:
        raise NotAssessedError(
            Reason.MULTIPLE_FRAMES, "The file holds more than one frame or page; export one film per file."
        )


def check_contrast(pixels: NDArray[np.uint8] | NDArray[np.float32]) -> None:
    """Refuse a picture, grey 0..255, that shows nothing.

    Raises:
        NotAssessedError: BLANK.
    """
    contrast = float(pixels.max() - pixels.min())
    if not contrast >= MIN_CONTRAST:  # so written that NaN is refused
        raise NotAssessedError(
            Reason.BLANK, f"The picture is blank: its grey levels span {contrast:.1f} of 255. Check the export."
        )


def full_scale(largest: int) -> int:
    """Give the value that means white in a 16-bit container whose real depth is not declared.

    Detectors deliver 10, 12 or 14 bits and exports store them in 16 without saying so; dividing by 65,535 would turn
    such a film black. The smallest usual depth (8, 10, 12, 14, 16 bits) that holds the largest value is taken. Unlike a
    stretch from minimum to maximum this leaves a film's own contrast alone: a film of the full depth keeps its exact
    values, and only one whose brightest pixel is below a quarter of white comes out brighter (4 to 256 times).

    Args:
        largest: the largest value stored, 0..65535.

    Returns:
        255, 1023, 4095, 16383 or 65535.
    """
    return next(white for white in _WHITES if largest <= white)


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Keep decoders' warnings off the user's terminal (they may quote a file's header); yield this thread's instead.

    Python's warning filters belong to the process: the first thread to enter changes them and the last to leave puts
    them back, so that threads need not wait for each other. Warnings of threads outside still reach their reader.
    """
    global _hushed, _restore
    with _hush_lock:
        if not _hushed:
            _restore = warnings.catch_warnings()
            _restore.__enter__()
            shown = warnings.showwarning
            warnings.simplefilter("always")
            warnings.showwarning = partial(_collect, shown)
        _hushed += 1
    _heard.messages = []
    try:
        yield _heard.messages
    finally:
        del _heard.messages
        with _hush_lock:
            _hushed -= 1
            if not _hushed:
                _restore.__exit__(None, None, None)


def _collect(shown: Callable[..., None], message: Warning | str, *where: Any, **options: Any) -> None:
    if hasattr(_heard, "messages"):
        _heard.messages.append(str(message))
    else:
        shown(message, *where, **options)
