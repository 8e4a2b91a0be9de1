"""Training radiographs in memory-mapped form: decoded once, then read without the decoder."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
from pneumoscope.locks import exclusive
from pneumoscope.progress import Progress
from pneumoscope.training.radiographs.augment import augment
from pneumoscope.training.radiographs.table import Table, take_side
from pneumoscope.training.recipe import Augmentation

_SHOWN = 20
"""Unreadable radiographs that a message names."""

Batch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Radiographs (n, size, size, 1) of 0..255, targets (n, 3) and weights (n,)."""


@dataclass(frozen=True)
class PackedRadiographs:
    """Radiographs of one side of the split, ready for training.

    Attributes:
        pixels: uint8 (N, side, side), memory-mapped.
        targets: float32 (N, 3), 1 for every class that the label allows.
        weights: float32 (N,), so that normals and pneumonias weigh the same in sum and 1 on average.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]

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

    def augmented(self, size: int, batch: int, how: Augmentation, seed: tuple[int, ...]) -> Iterator[Batch]:
        """One shuffled epoch of augmented batches, each made while the one before it is used.

        Everything follows from ``seed``, so an epoch that is run again after an interruption is the same epoch. Batches
        are whole; only where there is less than one, it is smaller.
        """
        order = np.random.default_rng(seed).permutation(len(self))

        def make(start: int) -> Batch:
            chosen = order[start : start + batch]
            variants = [augment(self.pixels[i], size, how, np.random.default_rng((*seed, int(i)))) for i in chosen]
            return np.stack(variants)[..., None].astype(np.float32), self.targets[chosen], self.weights[chosen]

        starts = range(0, max(1, len(order) // batch) * batch, batch)
        with ThreadPoolExecutor(1) as pool:
            pending = deque(pool.submit(make, start) for start in starts[:2])
            for start in starts[2:]:
                pending.append(pool.submit(make, start))
                yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()


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
    path = cache / f"radiographs-{fingerprint(table)[:16]}-{side}.npy"
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
    return PackedRadiographs(np.load(path, mmap_mode="r"), targets, class_weights(targets))


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


def class_weights(targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights (N,) under which normals and pneumonias count the same; both must be there."""
    normal = targets[:, 0] == 1
    share = normal.mean()
    return np.asarray(np.where(normal, 0.5 / share, 0.5 / (1 - share)), dtype=np.float32)


def _resize(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    if pixels.shape == (side, side):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR))
