"""What an evaluation takes: a model's logits on labelled films, and the frozen rule that turns them into findings."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import CLASSES, Label, Subtype
from pneumoscope.errors import DataError


@dataclass(frozen=True)
class NotAssessed:
    """A labelled film that the input gate refused.

    Attributes:
        film: the film.
        reason: the gate's coded reason, such as "truncated".
    """

    film: LabelledRadiograph
    reason: str


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said about a set of labelled films.

    Attributes:
        films: the N films that were read.
        logits: float32, shape (N, 3), one row a film, in the order of CLASSES.
        not_assessed: the films that were not, so that none is dropped in silence.

    Raises:
        DataError: no film was read, or the model gave a value that is not finite.
        ValueError: films and logits do not fit together.
    """

    films: tuple[LabelledRadiograph, ...]
    logits: NDArray[np.float32]
    not_assessed: tuple[NotAssessed, ...] = ()

    def __post_init__(self) -> None:
        if not self.films:
            raise DataError(f"none of the {len(self.not_assessed)} films could be read: there is nothing to evaluate")
        if self.logits.shape != (len(self.films), len(CLASSES)):
            raise ValueError(f"logits {self.logits.shape} do not fit {len(self.films)} films, {len(CLASSES)} classes")
        broken = ~np.isfinite(self.logits).all(axis=1)
        if broken.any():
            first = self.films[int(np.argmax(broken))].path
            more = broken.sum() - 1
            raise DataError(f"{first} and {more} more: the model gave values that are not finite; train it again")

    @cached_property
    def positive(self) -> NDArray[np.bool_]:
        """Which films were labelled pneumonia, shape (N,)."""
        return np.array([film.positive for film in self.films])

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """The index of each film's label in CLASSES, shape (N,); -1 for a pneumonia of unknown subtype."""
        names = [film.subtype if film.positive else film.label for film in self.films]
        return np.array([CLASSES.index(name) if name in CLASSES else -1 for name in names])

    @cached_property
    def patients(self) -> NDArray[np.int64]:
        """A number for each film's patient, 0 to P - 1, shape (N,)."""
        return np.unique([film.patient for film in self.films], return_inverse=True)[1]

    def to_json(self) -> dict[str, Any]:
        """The films and logits as JSON values."""
        rows = [_film_to_json(f) | {"logits": r.tolist()} for f, r in zip(self.films, self.logits, strict=True)]
        return {
            "films": rows,
            "not_assessed": [_film_to_json(entry.film) | {"reason": entry.reason} for entry in self.not_assessed],
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Predictions":
        """The twin of :meth:`to_json`."""
        return cls(
            films=tuple(_film_from_json(row) for row in values["films"]),
            logits=np.array([row["logits"] for row in values["films"]], dtype=np.float32).reshape(-1, len(CLASSES)),
            not_assessed=tuple(NotAssessed(_film_from_json(row), row["reason"]) for row in values["not_assessed"]),
        )


def _film_to_json(film: LabelledRadiograph) -> dict[str, Any]:
    return {
        "path": film.path.as_posix(),
        "label": film.label.value,
        "subtype": film.subtype.value if film.subtype else None,
        "patient": film.patient,
        "split": film.split,
    }


def _film_from_json(row: dict[str, Any]) -> LabelledRadiograph:
    subtype = Subtype(row["subtype"]) if row["subtype"] else None
    return LabelledRadiograph(Path(row["path"]), Label(row["label"]), subtype, row["patient"], row["split"])
