"""Burnt-in marks: small bright glyphs that a device or a desk leaves on its radiographs.

A stamp, a side marker or a time tells where a radiograph was made. If the radiographs of one device are all pneumonias,
a model can learn the device. So marks are found on every radiograph, and those that look alike and lie at about the
same place make a group. What classes such a group holds is counted in :mod:`pneumoscope.data.audit.confounding`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.extras import needed

ALIKE = 0.65
"""Correlation of two marks from which they count as one and the same."""

NEAR = 12
"""Pixels, of the 224 of a side, that marks of one group may lie apart in height and in width."""

LEAST = 20
"""Radiographs that a group needs."""

PATCH = (13, 21)
"""Height and width in pixels of what is kept of a mark, about its middle."""

_STROKE = 5  # pixels: what is wider than this is no glyph
_CONTRAST = 50  # grey levels above the surroundings
_GLYPH = 8  # pixels that a mark has at least
_TALLEST, _WIDEST = 20, 45  # pixels
_GAP = np.ones((3, 5), dtype=np.bool_)  # glyphs this close are one mark
_MOST = 12  # marks kept of one radiograph, the largest
_SOFTEN = 0.7  # sigma in pixels: half a pixel of shift tells no two stamps apart
_SHIFTS = (-1, 0, 1)  # pixels, both ways: nor does a whole one


@dataclass(frozen=True, eq=False)
class Marks:
    """The M marks of one radiograph.

    Attributes:
        places: int16 (M, 2), row and column of each middle in pixels.
        patches: uint8 (M, *PATCH), how much brighter than its surroundings each pixel is, in grey levels.
    """

    places: NDArray[np.int16]
    patches: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class MarkGroup:
    """Radiographs that bear the same mark at about the same place.

    Attributes:
        rows: which radiographs, in rising order.
        place: row and column of the mark in pixels, on the radiograph that is like most others.
        picture: uint8 PATCH, the mean of the mark over the group.
    """

    rows: tuple[int, ...]
    place: tuple[int, int]
    picture: NDArray[np.uint8]


def find_marks(picture: NDArray[np.uint8]) -> Marks:
    """Find the marks of a radiograph, uint8 (224, 224): bright strokes that are narrow, close together, and few.

    The strokes are what a grey opening takes away (the white top hat: Serra 1982, Image Analysis and Mathematical
    Morphology). Rib edges are found too; they group by place, and their groups hold all classes.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    with needed("Finding burnt-in marks", "evaluate"):
        from scipy import ndimage
    strokes = picture - ndimage.grey_opening(picture, size=(_STROKE, _STROKE))
    bright = strokes > _CONTRAST
    joined, _ = ndimage.label(ndimage.binary_dilation(bright, _GAP))
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(joined), 1):
        inside = joined[rows, columns] == number
        size = np.count_nonzero(bright[rows, columns] & inside)
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        if size >= _GLYPH and tall < _TALLEST and wide < _WIDEST:
            y, x = ndimage.center_of_mass(strokes[rows, columns] * inside)
            found.append((size, rows.start + round(y), columns.start + round(x)))
    places = np.array([place for _, *place in sorted(found, reverse=True)[:_MOST]], dtype=np.int16).reshape(-1, 2)
    height, width = PATCH
    padded = np.pad(strokes, ((height // 2,) * 2, (width // 2,) * 2))
    patches = [padded[y : y + height, x : x + width] for y, x in places]
    return Marks(places, np.array(patches, dtype=np.uint8).reshape(-1, height, width))


def group_marks(marks: Sequence[Marks]) -> list[MarkGroup]:
    """Group the marks of N radiographs, largest group first.

    The mark that is like most others takes those for its group; then the next among the rest, until a group has fewer
    than LEAST radiographs. Marks are alike if their patches correlate by ALIKE or more and they lie NEAR each other.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    owners = np.repeat(np.arange(len(marks)), [len(each.places) for each in marks])
    if len(owners) < LEAST:
        return []
    places = np.concatenate([each.places for each in marks]).astype(np.int64)
    patches = np.concatenate([each.patches for each in marks])
    order = np.argsort(places[:, 0], kind="stable")
    owners, places, patches = owners[order], places[order], patches[order]
    alike = _neighbours(places, patches)
    left = np.ones(len(owners), dtype=np.int64)
    groups = []
    while True:
        degree = (alike @ left) * left
        first = int(degree.argmax())
        members = alike.indices[alike.indptr[first] : alike.indptr[first + 1]]
        members = members[left[members] > 0]
        rows = np.unique(owners[members])
        if len(members) < LEAST:
            break
        left[members] = 0
        if len(rows) >= LEAST:
            place = (int(places[first, 0]), int(places[first, 1]))
            groups.append(MarkGroup(tuple(rows.tolist()), place, patches[members].mean(axis=0).astype(np.uint8)))
    return sorted(groups, key=lambda group: -len(group.rows))


def _neighbours(places: NDArray[np.int64], patches: NDArray[np.uint8]):  # type: ignore[no-untyped-def]  # SciPy has none
    """Sparse (M, M): 1 where two marks, sorted by their row, are alike."""
    with needed("Grouping burnt-in marks", "evaluate"):
        from scipy import ndimage, sparse
    soft = ndimage.gaussian_filter(patches.astype(np.float32), (0, _SOFTEN, _SOFTEN))
    centred = _unit(soft, 0, 0)
    shifted = [_unit(soft, down, right) for down in _SHIFTS for right in _SHIFTS]
    pairs = []
    for start in range(0, len(soft), 512):
        stop = min(start + 512, len(soft))
        low, high = np.searchsorted(places[:, 0], (places[start, 0] - NEAR, places[stop - 1, 0] + NEAR + 1))
        near = (np.abs(places[start:stop, None, 1] - places[None, low:high, 1]) <= NEAR) & (
            np.abs(places[start:stop, None, 0] - places[None, low:high, 0]) <= NEAR
        )
        best = np.max([centred[start:stop] @ each[low:high].T for each in shifted], axis=0)
        first, second = np.nonzero(near & (best >= ALIKE))
        pairs.append(np.stack([first + start, second + low]))
    first, second = np.concatenate(pairs, axis=1)
    return sparse.csr_array((np.ones(len(first), dtype=np.int64), (first, second)), shape=(len(soft),) * 2)


def _unit(patches: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    """The inner part of patches (M, *PATCH), moved by a pixel, as vectors of mean 0 and length 1."""
    height, width = PATCH
    inner = patches[:, 1 + down : height - 1 + down, 1 + right : width - 1 + right].reshape(len(patches), -1)
    inner = inner - inner.mean(axis=1, keepdims=True)
    unit: NDArray[np.float32] = inner / np.maximum(np.linalg.norm(inner, axis=1, keepdims=True), np.float32(1e-6))
    return unit
