"""The value that means white, where a file does not say how many bits its greys have."""

import numpy as np
from numpy.typing import NDArray

_WHITES = (255, 1023, 4095, 16383, 65535)


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


def white_of(values: NDArray[np.integer]) -> int:
    """The value that means white in a picture of 16 bits, which may bear marks that are brighter than its own white.

    Burnt-in marks are often 65,535 whatever the picture's depth. So 65,535 does not count where no other value is near.

    Args:
        values: 0..65535, of any shape.
    """
    brightest = int(values.max())
    if brightest == _WHITES[-1]:
        brightest = int(values.max(where=values < brightest, initial=0)) or brightest
    return full_scale(brightest)
