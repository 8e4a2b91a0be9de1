"""Training films in memory-mapped form: decoded once, then read without the decoder."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import fingerprint
from pneumoscope.imaging import INPUT_SIZE, read, to_input
from pneumoscope.imaging.lung_field import covered
from pneumoscope.training.augment import Augmentation, augment

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class PackedFilms:
    """Films of one split, ready for training.

    Attributes:
        pixels: uint8 (N, side, side), memory-mapped.
        targets: float32 (N, 3), 1 for every class that the label allows.
        weights: float32 (N,), so that normals and pneumonias weigh the same in sum and 1 on average.
        pack: file with these and perhaps more films; None where there is none.
        rows: int (N,), the place of each film in the pack; None for all in order.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    pack: Path | None = None
    rows: NDArray[np.int64] | None = None

    def subset(self, chosen: NDArray[np.bool_]) -> "PackedFilms":
        """The chosen films (N,) of a whole pack, weighed among themselves."""
        targets = self.targets[chosen]
        return PackedFilms(self.pixels[chosen], targets, class_weights(targets), self.pack, np.flatnonzero(chosen))

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(N,) whether each film was labelled pneumonia."""
        return np.asarray(self.targets[:, 0] == 0)

    def plain(self, size: int, batch: int, *, cover: bool = False) -> Iterator[NDArray[np.float32]]:
        """The films without augmentation, in order, as (n, size, size, 1) of 0..255; covered around the lungs if so.

        They take the way of screening: 8 bits of INPUT_SIZE first, then the cover and ``size``, unrounded.
        """
        for start in range(0, len(self.pixels), batch):
            films = [_resized(film, INPUT_SIZE) for film in self.pixels[start : start + batch]]
            read = [covered(film) if cover else film.astype(np.float32) for film in films]
            yield np.stack([_resized(film, size) for film in read])[..., None]

    def augmented(
        self, size: int, batch: int, how: Augmentation, seed: tuple[int, ...]
    ) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]]:
        """One shuffled epoch of augmented batches (x, targets, weights), each made while the one before it is used.

        Everything follows from ``seed``, so an epoch that is run again after an interruption is the same epoch.
        """
        order = np.random.default_rng(seed).permutation(len(self.pixels))

        def make(start: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
            chosen = order[start : start + batch]
            films = [augment(self.pixels[i], size, how, np.random.default_rng((*seed, int(i)))) for i in chosen]
            return np.stack(films)[..., None].astype(np.float32), self.targets[chosen], self.weights[chosen]

        starts = range(0, max(1, len(order) // batch) * batch, batch)
        with ThreadPoolExecutor(1) as pool:
            pending = deque(pool.submit(make, start) for start in starts[:2])
            for start in starts[2:]:
                pending.append(pool.submit(make, start))
                yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()


def pack(films: dict[str, LabelledRadiograph], cache: Path, progress: Progress, side: int = INPUT_SIZE) -> PackedFilms:
    """Decode films into one memory-mapped array, or map the one made before.

    Args:
        films: by the sha256 of their content, as from pneumoscope.data.layout.distinct.
        cache: folder for the array; its name follows from the films' content.
        progress: called after every film.
        side: of the packed films, in pixels.

    Raises:
        NotAssessedError: a film cannot be read.
    """
    ordered = [films[digest] for digest in sorted(films)]
    path = cache / f"films-{fingerprint(films)[:16]}-{side}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        shape = (len(ordered), side, side)
        pixels = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        for i, film in enumerate(ordered):
            pixels[i] = to_input(read(film.path), side)
            progress("packing films", i + 1, len(ordered))
        pixels.flush()
        partial.replace(path)
    targets = np.array([film.classes for film in ordered], dtype=np.float32)
    return PackedFilms(np.load(path, mmap_mode="r"), targets, class_weights(targets), path)


def _resized(film: NDArray[Any], side: int) -> NDArray[Any]:
    if film.shape == (side, side):
        return film
    return np.asarray(Image.fromarray(film).resize((side, side), Image.Resampling.BILINEAR))


def class_weights(targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights (N,) under which normals and pneumonias count the same; both must be there."""
    normal = targets[:, 0] == 1
    share = normal.mean()
    return np.asarray(np.where(normal, 0.5 / share, 0.5 / (1 - share)), dtype=np.float32)


def limited(films: Sequence[LabelledRadiograph], limit: int | None) -> list[LabelledRadiograph]:
    """At most ``limit`` films of every split and class, evenly over the list; all of them for None."""
    if limit is None:
        return list(films)
    groups: dict[tuple[str, tuple[bool, bool, bool]], list[LabelledRadiograph]] = {}
    for film in films:
        groups.setdefault((film.split, film.classes), []).append(film)
    return [film for group in groups.values() for film in group[:: max(1, len(group) // limit)][:limit]]
