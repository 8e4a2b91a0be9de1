"""A site's labelled films with the answers of the screener, and the file they are kept in."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import fingerprint
from pneumoscope.decision.labels import Finding, Label
from pneumoscope.errors import DataError
from pneumoscope.imaging import Header, Reason
from pneumoscope.screening.result import ScreeningResult

AGES = (
    (1, "under 1 year"),
    (6, "1 to 5 years"),
    (13, "6 to 12 years"),
    (18, "13 to 17 years"),
    (130, "18 years and over"),
)
"""Age bands: the age that a band stays below, and its name."""

UNKNOWN = "not known"


@dataclass(frozen=True)
class JudgedFilm:
    """One labelled film and its answer.

    Attributes:
        source: its path.
        sha256: hex digest of its bytes; None where they could not be read.
        label: as the site labelled it.
        patient: the patient's key.
        age_years: of the patient, 0 or more; None where it is not known.
        view: such as "AP"; None where it is not known.
        device: the site's word for it, or the code from the DICOM header; None where it is not known.
        reason: why it was not assessed; None where it was.
        score: raw logit of pneumonia; None where it was not assessed.
        probability: calibrated, of pneumonia, 0..1; None where it was not assessed.
        finding: the answer; None where it was not assessed.
    """

    source: str
    sha256: str | None
    label: Label
    patient: str
    age_years: float | None
    view: str | None
    device: str | None
    reason: Reason | None
    score: float | None
    probability: float | None
    finding: Finding | None

    @property
    def age_band(self) -> str:
        """The name of the age band."""
        age = self.age_years
        return UNKNOWN if age is None else next(name for below, name in AGES if age < below)


FIELDS = tuple(field.name for field in fields(JudgedFilm))


def judged(labelled: LabelledRadiograph, result: ScreeningResult) -> JudgedFilm:
    """Put an answer beside a label. What the list says of a film goes before its DICOM header.

    Raises:
        DataError: the list says an age that is none.
    """
    header = result.header or Header()
    listed = {name.strip().casefold(): " ".join(text.split()) for name, text in labelled.listed.items()}
    age = _age(listed.get("age", ""), labelled.path)
    return JudgedFilm(
        source=str(labelled.path),
        sha256=result.source_sha256,
        label=labelled.label,
        patient=labelled.patient,
        age_years=header.age_years if age is None else age,
        view=listed.get("view", "").upper() or header.view,
        device=listed.get("device") or header.device,
        reason=result.reason,
        score=result.score,
        probability=result.probability,
        finding=result.finding,
    )


def _age(text: str, path: Path) -> float | None:
    if not text:
        return None
    try:
        years = float(text)
    except ValueError:
        years = -1.0
    if not 0 <= years < AGES[-1][0]:  # so written that NaN fails
        raise DataError(f"{path}: the list says the age {text!r}; it must be in years, or empty")
    return years


@dataclass(frozen=True)
class JudgedFilms:
    """The films of a site, one for each distinct file, in arrays too.

    Attributes:
        films: all, also those that were not assessed.
        copies: how many spare copies of the same file were left out.
    """

    films: tuple[JudgedFilm, ...]
    copies: int = 0

    @classmethod
    def of(cls, films: Iterable[JudgedFilm]) -> "JudgedFilms":
        """Leave spare copies out.

        Raises:
            DataError: identical files carry different labels, or no film was assessed.
        """
        kept: dict[str, JudgedFilm] = {}
        total = 0
        for film in films:
            total += 1
            first = kept.setdefault(film.sha256 or film.source, film)
            if first.label is not film.label:
                raise DataError(f"{first.source} and {film.source} are the same file with different labels: remove one")
        if all(film.score is None for film in kept.values()):
            raise DataError(f"none of the {total} films could be assessed: there is nothing to measure")
        return cls(tuple(kept.values()), total - len(kept))

    @cached_property
    def assessed(self) -> tuple[JudgedFilm, ...]:
        """The N films that have an answer."""
        return tuple(film for film in self.films if film.score is not None)

    @property
    def refused(self) -> tuple[JudgedFilm, ...]:
        """Those that have none."""
        return tuple(film for film in self.films if film.score is None)

    @cached_property
    def positive(self) -> NDArray[np.bool_]:
        """Labelled pneumonia, shape (N,)."""
        return np.array([film.label is Label.PNEUMONIA for film in self.assessed])

    @cached_property
    def probability(self) -> NDArray[np.float64]:
        """Calibrated probability of pneumonia, shape (N,), 0..1."""
        return np.array([film.probability for film in self.assessed], np.float64)

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """Raw logit of pneumonia, shape (N,)."""
        return np.array([film.score for film in self.assessed], np.float64)

    @cached_property
    def patients(self) -> NDArray[np.int64]:
        """A number for each film's patient, 0 to P - 1, shape (N,)."""
        return np.unique([film.patient for film in self.assessed], return_inverse=True)[1]

    @property
    def sha256(self) -> str:
        """Names the set of films, whatever their order and place."""
        return fingerprint(film.sha256 or film.source for film in self.films)

    def extremes(self, positive: bool) -> NDArray[np.float64]:
        """One probability for each patient with a film of this label: the lowest of pneumonias, the highest of normals.

        Patients are independent and their films are not, so guarantees count patients, each by its worst film.
        """
        pick = np.minimum if positive else np.maximum
        rows = self.positive == positive
        people, place = np.unique(self.patients[rows], return_inverse=True)
        worst = np.full(len(people), np.inf if positive else -np.inf)
        pick.at(worst, place, self.probability[rows])
        return worst


def write_predictions(films: JudgedFilms) -> str:
    """The text of a CSV file with one row for each film."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: getattr(film, name) for name in FIELDS} for film in films.films)
    return text.getvalue()


def read_predictions(path: Path) -> JudgedFilms:
    """Read what :func:`write_predictions` wrote.

    Raises:
        DataError: the file cannot be read, or is no such file.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
            rows = [_empty_is_none(row) for row in csv.DictReader(stream)]
        return JudgedFilms.of(msgspec.convert(rows, list[JudgedFilm], strict=False))
    except (OSError, csv.Error, msgspec.MsgspecError) as problem:
        raise DataError(f"{path}: these predictions cannot be read ({problem}); validate the films again") from problem


def _empty_is_none(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value or None for name, value in row.items() if name is not None}


def named_groups(films: Sequence[JudgedFilm]) -> dict[str, dict[str, list[int]]]:
    """The rows of each age band, view and device, by kind of group and name; in a sensible order."""
    kinds: dict[str, Callable[[JudgedFilm], str | None]] = {
        "age": lambda film: film.age_band,
        "view": lambda film: film.view,
        "device": lambda film: film.device,
    }
    order = {name: place for place, (_, name) in enumerate(AGES)}
    found: dict[str, dict[str, list[int]]] = {}
    for kind, of in kinds.items():
        rows: dict[str, list[int]] = {}
        for row, film in enumerate(films):
            rows.setdefault(of(film) or UNKNOWN, []).append(row)
        found[kind] = dict(sorted(rows.items(), key=lambda item: (item[0] == UNKNOWN, order.get(item[0], 0), item[0])))
    return found
