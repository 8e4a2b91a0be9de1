"""Films that occur more than once: the same bytes, or the same picture under other bytes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAME_PICTURE = 0.9
"""Detail correlation from which two films count as one picture.

Measured on the 5,840 public films: 60 of them at the size they were first published correlate at .996 or more with
their 224-pixel copies, and no two different films reach .85.
"""

_WINDOW = 9
_BLOCK = 1024
_FLAT = 1e-3


@dataclass(frozen=True)
class Pair:
    """Two films that look alike: their row numbers, first < second, and the correlation of their details, -1..1."""

    first: int
    second: int
    correlation: float


def exact_groups(digests: Sequence[str]) -> list[list[int]]:
    """Row numbers of films with equal digests, one list per digest that occurs more than once, in order."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, digest in enumerate(digests):
        rows[digest].append(row)
    return [group for group in rows.values() if len(group) > 1]


def alike(thumbnails: NDArray[np.uint8], at_least: float = SAME_PICTURE) -> list[Pair]:
    """Find pairs of films with the same details, most alike first.

    Chest films share one anatomy: whole thumbnails of different children correlate up to .97, too close to tell copies
    by. So the mean of every pixel's neighbourhood is taken away first, and what is compared is where the ribs, the
    heart's edge and the markers lie. Every pair is compared, so nothing is missed to a hash; 5,840 films take a few
    seconds. Re-encoded, resized, brightened or softened copies are found, mirrored or cropped ones are not.

    Args:
        thumbnails: uint8 (N, S, S), S about 64.
        at_least: the smallest correlation to report.

    Returns:
        Pairs, by falling correlation. Blank thumbnails pair with nothing.
    """
    details = _details(thumbnails)
    pairs: list[Pair] = []
    for start in range(0, len(details), _BLOCK):
        correlations = details[start : start + _BLOCK] @ details[start:].T
        for first, second in np.argwhere(np.triu(correlations, 1) >= at_least):
            value = min(float(correlations[first, second]), 1.0)
            pairs.append(Pair(int(first) + start, int(second) + start, value))
    return sorted(pairs, key=lambda pair: -pair.correlation)


def _details(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Thumbnails less their local mean, as unit vectors (N, S * S); flat ones become zero."""
    pictures = thumbnails.astype(np.float32)
    details = pictures - _local_mean(_local_mean(pictures, 1), 2)
    flat = details.reshape(len(details), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.where(length > _FLAT * flat.shape[1], flat / np.maximum(length, _FLAT), np.float32(0))


def _local_mean(pictures: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Moving average over _WINDOW pixels along one axis, edges repeated; same shape."""
    padding = [(0, 0)] * pictures.ndim
    padding[axis] = (_WINDOW // 2, _WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(pictures, padding, mode="edge"), _WINDOW, axis=axis)
    mean: NDArray[np.float32] = windows.mean(axis=-1, dtype=np.float32)
    return mean
