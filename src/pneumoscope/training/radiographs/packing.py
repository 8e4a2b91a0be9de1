"""Training radiographs in memory-mapped form: decoded once, then read without the decoder."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import fingerprint
from pneumoscope.errors import DataError
from pneumoscope.files import make_folder, remove_partials, replacing
from pneumoscope.imaging import INPUT_SIZE, NotAssessedError, read, to_input
from pneumoscope.imaging.preprocess import REVISION
from pneumoscope.locks import exclusive
from pneumoscope.progress import Progress
from pneumoscope.training.radiographs.augment import NO_CURVES, augment
from pneumoscope.training.radiographs.balance import balanced_weights
from pneumoscope.training.radiographs.disguise import Curves, grey_curves
from pneumoscope.training.radiographs.table import Table, take_side
from pneumoscope.training.recipe import Augmentation

_SHOWN = 20
"""Unreadable radiographs that a message names."""

_CURVES = 100
"""Radiographs of a source whose greys others may be given."""

Batch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Radiographs (n, size, size, 1) of 0..255, targets (n, 3) and weights (n,)."""

Teach = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.str_]], NDArray[np.float32]]
"""From radiographs (n, size, size, 1) of 0..255, their targets (n, 3) and sources (n,), the targets (n, 3) to learn."""


@dataclass(frozen=True)
class PackedRadiographs:
    """Radiographs of one side of the split, ready for training.

    Attributes:
        pixels: uint8 (N, side, side), memory-mapped.
        targets: float32 (N, 3), 1 for every class that the label allows.
        weights: float32 (N,), 1 on average, see :func:`~pneumoscope.training.radiographs.balance.balanced_weights`.
        sources: (N,) where each comes from.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    sources: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(N,) whether each was labelled pneumonia."""
        return np.asarray(self.targets[:, 0] == 0)

    def plain(self, size: int, batch: int) -> Iterator[NDArray[np.float32]]:
        """The radiographs without augmentation, in order, as (n, size, size, 1) of 0..255.

        They take the way of screening: 8 bits of INPUT_SIZE first, then ``size``, unrounded.
        """
        for start in range(0, len(self), batch):
            read_ones = [_resize(pixels, INPUT_SIZE) for pixels in self.pixels[start : start + batch]]
            yield np.stack([_resize(pixels.astype(np.float32), size) for pixels in read_ones])[..., None]

    def augmented(
        self, size: int, batch: int, how: Augmentation, seed: tuple[int, ...], teach: Teach | None = None
    ) -> Iterator[Batch]:
        """One shuffled epoch of augmented batches, each made while the one before it is used.

        Everything follows from ``seed``, so an epoch that is run again after an interruption is the same epoch. Batches
        are whole; only where there is less than one, it is smaller. Radiographs of one source come once each, with
        their weights. Those of several are drawn as often as their weights say, and then count the same. With
        ``teach`` the targets are what it makes of them.
        """
        rng, several = np.random.default_rng(seed), len(set(self.sources)) > 1
        order = rng.choice(len(self), len(self), p=self._chances) if several else rng.permutation(len(self))
        weights = np.ones_like(self.weights) if several else self.weights

        def variant(place: int) -> NDArray[np.uint8]:
            i = int(order[place])
            curves = self._curves_elsewhere[str(self.sources[i])] if several and how.disguised else NO_CURVES
            own = np.random.default_rng((*seed, i, place) if several else (*seed, i))
            return augment(self.pixels[i], size, how, own, curves)

        def make(start: int) -> Batch:
            chosen = order[start : start + batch]
            variants = [variant(place) for place in range(start, start + len(chosen))]
            x, targets = np.stack(variants)[..., None].astype(np.float32), self.targets[chosen]
            return x, teach(x, targets, self.sources[chosen]) if teach else targets, weights[chosen]

        starts = range(0, max(1, len(order) // batch) * batch, batch)
        with ThreadPoolExecutor(1) as pool:
            pending = deque(pool.submit(make, start) for start in starts[:2])
            for start in starts[2:]:
                pending.append(pool.submit(make, start))
                yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

    @property
    def _chances(self) -> NDArray[np.float64]:
        weights = self.weights.astype(np.float64)
        return np.asarray(weights / weights.sum())

    @cached_property
    def _curves_elsewhere(self) -> dict[str, Curves]:
        """For every source, the greys of some radiographs of the others, as many of each."""
        curves = {
            source: grey_curves([self.pixels[i] for i in np.flatnonzero(self.sources == source)[:_CURVES]])
            for source in sorted(set(map(str, self.sources)))
        }
        return {source: np.concatenate([curves[other] for other in curves if other != source]) for source in curves}


@dataclass(frozen=True)
class TrainingSet:
    """The two sides of the split.

    Attributes:
        train: trained on.
        val: held out.
    """

    train: PackedRadiographs
    val: PackedRadiographs


class UnreadableError(DataError):
    """Radiographs of a table cannot be read.

    Attributes:
        told: for each, its path and the coded reason, as one line.
    """

    def __init__(self, told: Sequence[str]) -> None:
        more = f"\nand {len(told) - _SHOWN} more: pneumoscope data audit names all" if len(told) > _SHOWN else ""
        shown = "\n".join(told[:_SHOWN])
        super().__init__(f"{len(told)} radiographs cannot be read; mend them or leave them out:\n{shown}{more}")
        self.told = told


def pack_sides(table: Table, cache: Path, progress: Progress, crop_source_size: int) -> TrainingSet:
    """Pack both sides of the split.

    Args:
        table: radiographs of both sides.
        cache: see :func:`pack`.
        progress: called after every radiograph.
        crop_source_size: side, in pixels, of the packed training radiographs; the others have INPUT_SIZE.

    Raises:
        DataError: see :func:`pack`; it names the unreadable ones of both sides.
    """
    packed: dict[str, PackedRadiographs] = {}
    told: list[str] = []
    for side, pixels in (("train", crop_source_size), ("val", INPUT_SIZE)):
        try:
            packed[side] = pack(take_side(table, side), cache, progress, pixels)
        except UnreadableError as error:
            told += error.told
    if told:
        raise UnreadableError(told)
    return TrainingSet(**packed)


def pack(table: Table, cache: Path, progress: Progress, side: int = INPUT_SIZE) -> PackedRadiographs:
    """Decode radiographs into one memory-mapped array, or map the one made before.

    A process that wants the array while another one makes it waits.

    Args:
        table: radiographs by the SHA-256 of their files; they are packed in the order of these digests.
        cache: folder for the array; its name follows from the digests.
        progress: called after every radiograph.
        side: of the packed radiographs, in pixels.

    Raises:
        DataError: some of them cannot be read; it names them, and the disk if that is full.
    """
    ordered = [table[digest] for digest in sorted(table)]
    path = cache / f"radiographs-{fingerprint(table)[:16]}-{side}-{REVISION}.npy"
    if not path.exists():
        make_folder(cache)
        try:
            with exclusive(path.with_suffix(".lock"), wait=True) as alone:
                if alone:
                    remove_partials(path)
                if not path.exists():
                    _write_pack(path, ordered, side, progress)
        except OSError as error:
            raise DataError(
                f"{path}: the packed radiographs cannot be written ({error.strerror}); "
                "free some space, or name another folder in PNEUMOSCOPE_CACHE"
            ) from error
    targets = np.array([labelled.classes for labelled in ordered], dtype=np.float32)
    sources = np.array([labelled.source for labelled in ordered])
    trust = np.array([labelled.weight for labelled in ordered])
    weights = balanced_weights(targets[:, 0] == 0, sources, trust)
    return PackedRadiographs(np.load(path, mmap_mode="r"), targets, weights, sources)


def _write_pack(path: Path, ordered: Sequence[LabelledRadiograph], side: int, progress: Progress) -> None:
    unreadable = []
    with replacing(path) as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(ordered), side, side)}
        np.lib.format.write_array_header_1_0(stream, header)
        for done, labelled in enumerate(ordered, 1):
            try:
                stream.write(to_input(read(labelled.path), side).tobytes())
            except NotAssessedError as error:
                unreadable.append(str(error))
            progress("packing radiographs", done, len(ordered))
        if unreadable:
            raise UnreadableError(unreadable)


def _resize(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    if pixels.shape == (side, side):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR))
