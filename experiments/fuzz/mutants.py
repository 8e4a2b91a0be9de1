"""The mutants: which film, as which kind of file, damaged how. A number makes the same one on every machine."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.fuzz.damage import DAMAGES
from experiments.fuzz.kinds import KINDS
from lab import machine
from pneumoscope.bundle.card import RELEASED
from pneumoscope.imaging import read
from pneumoscope.imaging.preprocess import to_8_bit

SIDES = (224, 448)
"""Longer sides to which films are brought: as the public data set has them, and twice as large."""

FILMS = 4
"""How many films of each label are damaged."""


@dataclass(frozen=True)
class Mutant:
    """One damaged file.

    Attributes:
        number: from 0; says all that follows.
        kind: one of KINDS.
        damage: one of DAMAGES.
        film: index of the film.
        side: its longer side in pixels.
    """

    number: int
    kind: str
    damage: str
    film: int
    side: int

    @classmethod
    def of(cls, number: int, films: int) -> "Mutant":
        """The mutant of this number: kinds and damages take turns, film and size are drawn."""
        kind = list(KINDS)[number % len(KINDS)]
        damage = list(DAMAGES)[number // len(KINDS) % len(DAMAGES)]
        rng = np.random.default_rng(number)
        return cls(number, kind, damage, int(rng.integers(films)), int(rng.choice(SIDES)))

    def intact(self, films: tuple[Path, ...]) -> bytes:
        """The file before the damage."""
        return _file(films[self.film], self.kind, self.side)

    def damaged(self, films: tuple[Path, ...]) -> bytes:
        """The file after it."""
        rng = np.random.default_rng((self.number, 1))
        return DAMAGES[self.damage](bytearray(self.intact(films)), rng)


def films(synthetic: bool = False) -> tuple[Path, ...]:
    """Real films of the train split at their first size, some of each label; the package's drawn ones where asked for.

    Raises:
        DataError: the real ones are not there.
    """
    if synthetic:
        return tuple(sorted((RELEASED.parents[1] / "samples").glob("*.png")))
    folder = machine.data("original_resolution")
    return tuple(path for label in sorted(folder.iterdir()) for path in sorted(label.iterdir())[:FILMS])


@lru_cache(maxsize=2048)
def _file(film: Path, kind: str, side: int) -> bytes:
    return KINDS[kind](_small(film, side))


@lru_cache(maxsize=64)
def _small(film: Path, side: int) -> NDArray[np.uint8]:
    image = Image.fromarray(to_8_bit(read(film).pixels))
    image.thumbnail((side, side))
    return np.asarray(image)
