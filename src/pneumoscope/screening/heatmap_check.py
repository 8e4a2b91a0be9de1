"""Two checks of a heatmap before anybody sees it: does it lie on the lungs, and does it stay when the film is moved?

A heatmap that fails one of them would mislead, so it is not shown (``output.heatmap_picture``). What the checks find on
held-out films is measured by experiments/heatmap_check.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.imaging.lung_field import lung_field
from pneumoscope.screening.result import HeatmapStatus

Heat = NDArray[np.float32]
"""float32 (P, P), 0..1, as ``heatmap.intensity`` makes it."""

Outline = NDArray[np.bool_]
"""bool (INPUT_SIZE, INPUT_SIZE), True where a film's lungs are."""

Shift = tuple[int, int]
"""How far a film is moved, down and to the right, in pixels of the model's input; either may be negative."""

MOVED: Shift = (12, 12)
"""The one move that screening tries. It costs one inference, and it asks more than 12 pixels up, down, left or right:
it finds more than twice as many unstable as those four do on average, on held-out films (experiments/heatmap_check)."""

LEAST_AGREEMENT = 0.76
"""Below this a heatmap is unstable: it is about what one in ten pairs of different children's heatmaps reach, so a map
with less agrees with itself no better than with another child's (held-out films, experiments/heatmap_check)."""


_HALF = 0.5


def lung_outline(lungs: NDArray[np.float32] | None) -> Outline:
    """Give the lungs of a film.

    Args:
        lungs: the bundle's map of them, float32 (1, Q, Q), 0..1; None of a bundle without an envelope, for which a
            fixed template stands in.
    """
    return lung_field(INPUT_SIZE) if lungs is None else _fine(lungs[0]) >= _HALF


def lung_share(heat: Heat, lungs: Outline) -> float:
    """Measure how much of the heat lies inside the lungs, as the picture shows it.

    The picture's interpolation blurs, and so a map of few places cannot reach 1. A heatmap that is the same everywhere
    has the share that the lungs have of the picture.

    Args:
        heat: not all zero.
        lungs: where they lie.

    Returns:
        0..1.
    """
    fine = _fine(heat)
    return float(fine[lungs].sum() / fine.sum())


def moved(pixels: NDArray[np.uint8], shift: Shift) -> NDArray[np.uint8]:
    """Move a film (height, width); its edge pixels fill what comes free."""
    (down, right), (height, width) = shift, pixels.shape
    padded = np.pad(pixels, [(max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0))], mode="edge")
    top, left = max(-down, 0), max(-right, 0)
    return padded[top : top + height, left : left + width]


def agreement(heat: Heat, again: Heat, shift: Shift) -> float:
    """Compare a film's heatmap with that of the moved film, the move undone.

    The measure is Pearson's correlation over the picture, a standard one for such maps ("CC" in Bylinskii et al. 2019,
    "What do different evaluation metrics tell us about saliency models?", arXiv:1604.03605); what came into the film or
    left it is left out.

    Args:
        heat: of the film.
        again: of the film after ``moved(film, shift)``.
        shift: as it was moved.

    Returns:
        -1..1; 0 where one of the two has no heat or the same everywhere.
    """
    first, second = _crop(_fine(heat), (-shift[0], -shift[1])).ravel(), _crop(_fine(again), shift).ravel()
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def assess_heatmap(heat: Heat, lungs: Outline, again: Callable[[], Heat]) -> HeatmapStatus | None:
    """Judge whether a heatmap may be shown.

    Args:
        heat: of the film.
        lungs: where they lie.
        again: gives the heat of the film moved by MOVED; called only where the answer hangs on it.

    Returns:
        What is to be done with it; None where there is no heat and so nothing to show.
    """
    if not heat.any():
        return None
    if lung_share(heat, lungs) < lungs.mean():
        return HeatmapStatus.OUTSIDE_LUNGS
    return HeatmapStatus.SHOWN if agreement(heat, again(), MOVED) >= LEAST_AGREEMENT else HeatmapStatus.UNSTABLE


def _fine(heat: Heat) -> NDArray[np.float32]:
    """Enlarge as the picture does, to (INPUT_SIZE, INPUT_SIZE)."""
    return np.asarray(Image.fromarray(heat).resize((INPUT_SIZE, INPUT_SIZE), Image.Resampling.BILINEAR))


def _crop(picture: NDArray[np.float32], shift: Shift) -> NDArray[np.float32]:
    """Keep what a move by ``shift`` brought from inside the picture."""
    (down, right), (height, width) = shift, picture.shape
    return picture[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
