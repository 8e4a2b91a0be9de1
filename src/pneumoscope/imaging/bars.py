"""Flat bars beside a film: what a viewer, a slide or a shutter puts around it.

They squeeze the film in the network's square input, and can tell where it was made. So they are cut off before it is
resized, and what a person is shown is what the network reads.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging.limits import MIN_SIDE
from pneumoscope.imaging.radiograph import Pixels

FLAT = 4.0
"""Grey levels, of 0..255, between which the middle nine tenths of a line of a bar lie; JPEG leaves so much noise."""

LEAST = 0.05
"""Share of the picture's side that a bar has at least; narrower ones stay."""

MARKED = 0.02
"""Share of the picture's side, from its edge, where the lines of a bar need not be flat: a ruler or a thin line may run
along the edge."""

_LOOKED_AT = 300
"""Lines of a side that are looked at, about; more would cost time and change a bar by less than a pixel of the
network's input."""


class Frame(NamedTuple):
    """Where the film lies in a picture, in pixels: first row, row after the last, first column, column after the last.

    Cut it out by ``pixels[frame.rows, frame.columns]``.
    """

    top: int
    bottom: int
    left: int
    right: int

    @property
    def rows(self) -> slice:
        """The film's rows."""
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        """The film's columns."""
        return slice(self.left, self.right)


def film_frame(pixels: Pixels) -> Frame:
    """Find the film between flat bars: black, white or of any one grey, on one side or several.

    Args:
        pixels: (height, width), grey of 0..255.

    Returns:
        The whole picture where there are no bars of LEAST or more, and where the film between them would be smaller
        than a picture that is read (MIN_SIDE).
    """
    height, width = pixels.shape
    down, across = max(1, height // _LOOKED_AT), max(1, width // _LOOKED_AT)
    found = Frame(*_span(pixels[:, ::across], down), *_span(pixels[::down].T, across))
    small = min(found.bottom - found.top, found.right - found.left) < MIN_SIDE
    return Frame(0, height, 0, width) if small else found


def without_bars(pixels: Pixels) -> Pixels:
    """The film itself, a view of the pixels; see :func:`film_frame`."""
    frame = film_frame(pixels)
    return pixels[frame.rows, frame.columns]


def _span(lines: Pixels, step: int) -> tuple[int, int]:
    """First line of the film and the one after its last; 0 and the side where there is no bar, or nothing else."""
    side, marked = len(lines), round(MARKED * len(lines))
    lines = lines[marked : side - marked]
    if not _flat(lines[[0, -1]]).any():  # as almost always, so nothing more is looked at
        return 0, side
    (film,) = np.nonzero(~_flat(lines[::step]))
    if not len(film):
        return 0, side
    near, far = int(film[0]) * step, int(film[-1]) * step
    begin = max(0, near - step + 1)
    first = marked + begin + int(np.argmax(~_flat(lines[begin : near + 1])))
    last = marked + far + int(np.nonzero(~_flat(lines[far : far + step]))[0][-1]) + 1
    return first if first >= LEAST * side else 0, last if side - last >= LEAST * side else side


def _flat(lines: Pixels) -> NDArray[np.bool_]:
    low, high = np.quantile(np.asarray(lines, dtype=np.float32), (0.05, 0.95), axis=1)
    return np.asarray(high - low <= FLAT)
