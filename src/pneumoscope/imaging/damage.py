"""Traces of damage in the decoded picture, for formats without checksums: lost, overwritten and scrambled rows.

Each limit lies between what real films show and what damage does; tests/imaging/test_damage.py reads the real films.
"""

import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging.radiograph import Pixels
from pneumoscope.imaging.refusal import Reason, refuse

MAX_FLAT_TAIL = (0.08, 0.35)
"""Largest shares of the height that rows of one grey, or rows of one black or white, may take up at the lower edge. A
decoder fills what a damaged file lacks with one value."""

MAX_FLAT_BAND = 0.035
"""Largest share of the height that rows of one value may take up where other rows lie above and below."""

MAX_BREAK = 0.25
"""Largest share of the width by which the row beside a flat edge may be flat more than its neighbours are. A film's
black border begins with a row; what a file lost begins anywhere."""

NOISE = (40, 0.35)
"""A row is noise where more than the second, a share of its steps from pixel to pixel, exceed the first, in grey
levels."""

MAX_NOISE = (0.015, 0.9)
"""Largest share of the height that such rows may take up. A picture of hardly anything else is not damaged but odd."""

_NEIGHBOURS = 8  # rows beside a flat edge
_ROWS = 512  # on which noise is looked for, about, for speed


def check_whole(pixels: Pixels) -> None:
    """Refuse a picture, grey 0..255, of which a part is lost, overwritten or scrambled.

    Raises:
        NotAssessedError: TRUNCATED.
    """
    first, last, band = _flat_rows(pixels)
    grey, extreme = MAX_FLAT_TAIL
    tail = last > (grey if 8 < pixels[-1, 0] < 247 else extreme)
    if tail or max(_break(pixels, last), _break(pixels[::-1, ::-1], first)) > MAX_BREAK:
        raise refuse(Reason.TRUNCATED, "A part of the picture is missing; copy or export the file again.")
    if band > MAX_FLAT_BAND or MAX_NOISE[0] < _noise(pixels) < MAX_NOISE[1]:
        raise refuse(Reason.TRUNCATED, "A part of the picture is overwritten; copy or export the file again.")


def _flat_rows(pixels: Pixels) -> tuple[float, float, float]:
    """Shares of the height of the rows of one value at the upper edge, at the lower, and of the widest band between."""
    flat = (pixels == pixels[:, :1]).all(axis=1)
    changes = ~flat[1:] | ~flat[:-1] | (pixels[1:, 0] != pixels[:-1, 0])
    bounds = np.flatnonzero(np.concatenate(([True], changes, [True])))
    lengths = np.diff(bounds) * flat[bounds[:-1]] / len(flat)
    return float(lengths[0]), float(lengths[-1]), float(lengths[1:-1].max(initial=0))


def _break(pixels: Pixels, tail: float) -> float:
    """By how much of the width the row above the flat tail is flat at its end more than the rows above it are."""
    above = len(pixels) - round(tail * len(pixels))
    if tail * len(pixels) < 2 or above < 2:
        return 0.0
    ends = _ends(pixels[max(above - 1 - _NEIGHBOURS, 0) : above], pixels[-1, 0])
    return float(ends[-1] - ends[:-1].max())


def _ends(rows: Pixels, value: float) -> NDArray[np.float64]:
    """The share of each row that has one value, counted from its end."""
    return np.asarray(np.argmax(rows[:, ::-1] != value, axis=1) / rows.shape[1])


def _noise(pixels: Pixels) -> float:
    step, share = NOISE
    rows = pixels[:: max(1, len(pixels) // _ROWS)]
    steps = np.abs(np.diff(rows.astype(np.float32), axis=1)) > step
    return float((steps.mean(axis=1) > share).mean())
