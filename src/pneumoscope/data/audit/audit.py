"""The audit of a labelled data source: what it holds, what repeats, what leaks, and what could be learned by shortcut.

Nothing here opens a picture: the caller reads the radiographs and passes what it found as :class:`Measured`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.audit.confounding import Confounded, confounded
from pneumoscope.data.audit.duplicates import SAME_PICTURE, Pair, alike, exact_groups
from pneumoscope.data.audit.marks import MarkGroup, Marks, group_marks
from pneumoscope.data.audit.shortcuts import Baseline, Reference, View, measure, views
from pneumoscope.data.audit.sources import Sources, sources
from pneumoscope.data.labelled import LabelledRadiograph, RefusedRadiograph
from pneumoscope.errors import DataError

GROUPS = ("normal", "bacterial", "viral", "pneumonia, pathogen unknown")
"""Rows of the counts."""

_LOOK_ALIKE = 0.7
_LOOK_ALIKES = 6


@dataclass(frozen=True)
class Measured:
    """What was read from the films; row i of every array belongs to ``films[i]``.

    Attributes:
        films: the films that could be read.
        digests: sha256 of each file, hex.
        file_bytes: int64 (N,) size of each file.
        dimensions: int64 (N, 2) height and width in pixels as the file holds them.
        sharpness: float64 (N,) pneumoscope.data.audit.shortcuts.laplacian_variance, all at one size.
        thumbnails: uint8 (N, 64, 64).
        marks: of each film, as :func:`pneumoscope.data.audit.marks.find_marks` found them.
        unreadable: the films that could not be read.
    """

    films: Sequence[LabelledRadiograph]
    digests: Sequence[str]
    file_bytes: NDArray[np.int64]
    dimensions: NDArray[np.int64]
    sharpness: NDArray[np.float64]
    thumbnails: NDArray[np.uint8]
    marks: Sequence[Marks]
    unreadable: Sequence[RefusedRadiograph] = ()


@dataclass(frozen=True)
class Repeat:
    """Films that show one picture (or nearly, see ``correlation``).

    Attributes:
        films: two or more.
        correlation: of their details, -1..1; 1 for identical files.
    """

    films: tuple[LabelledRadiograph, ...]
    correlation: float

    @property
    def crosses_split(self) -> bool:
        """Whether the films lie in different splits, so that a test film was trained on."""
        return len({film.split for film in self.films}) > 1

    @property
    def crosses_label(self) -> bool:
        """Whether the films carry different labels, so that one of them is wrong."""
        return len({film.label for film in self.films}) > 1

    @property
    def crosses_patient(self) -> bool:
        """Whether the films carry different patient keys, so that one of them is wrong."""
        return len({film.patient for film in self.films}) > 1

    @property
    def troubles(self) -> int:
        """How bad the repeat is: a wrong label before a crossed split, and that before two patient keys."""
        return 4 * self.crosses_label + 2 * self.crosses_split + self.crosses_patient


@dataclass(frozen=True)
class Audit:
    """What the audit found.

    Attributes:
        counts: per split and group of GROUPS, films and patients; groups without films are left out.
        exact: groups of byte-identical files.
        near: pairs of different files with the same picture, correlation SAME_PICTURE or more.
        look_alikes: the most alike pairs below that, to judge where the line was drawn.
        shared_patients: patient keys found in more than one split.
        shared_numbers: numbers found in more than one split when series and pathogen are ignored.
        baselines: shortcut baselines; empty where one class is missing.
        mark_groups: radiographs that share a burnt-in mark, largest group first.
        confounded: those of them whose reference radiographs are of one class.
        sources: what the sources of the reference radiographs say; None where there is one.
        reference: what the baselines were fitted on, "train" or "all films".
        unreadable: films that could not be read.
    """

    counts: dict[str, dict[str, tuple[int, int]]]
    patients: dict[str, int]
    exact: list[Repeat]
    near: list[Repeat]
    look_alikes: list[Repeat]
    shared_patients: list[str]
    shared_numbers: list[str]
    baselines: list[Baseline]
    mark_groups: list[MarkGroup]
    confounded: list[Confounded]
    sources: Sources | None
    reference: str
    unreadable: list[RefusedRadiograph]

    @property
    def films(self) -> int:
        """Number of films, readable or not."""
        return sum(films for groups in self.counts.values() for films, _ in groups.values())

    @property
    def spare_copies(self) -> int:
        """Files that could be removed without losing a picture's bytes."""
        return sum(len(repeat.films) - 1 for repeat in self.exact)

    @property
    def shortcuts(self) -> list[Baseline]:
        """Baselines above ALARM, strongest first."""
        found = [baseline for baseline in self.baselines if baseline.alarming]
        return sorted(found, key=lambda baseline: -(baseline.train_auc or 0.0))


def audit(measured: Measured) -> Audit:
    """Audit films.

    Raises:
        DataError: no film could be read.
        MissingExtraError: scikit-learn or SciPy is not installed.
    """
    films = list(measured.films)
    if not films:
        raise DataError(f"none of the {len(measured.unreadable)} films could be read, so there is nothing to audit")
    everything = [*films, *(bad.labelled for bad in measured.unreadable)]
    pairs = _distinct_pairs(measured)
    below = [pair for pair in pairs if pair.correlation < SAME_PICTURE]
    reference = "train" if any(film.split == "train" for film in films) else "all films"
    groups, seen = group_marks(measured.marks), _views(measured)
    learned = np.array([reference != "train" or film.split == "train" for film in films], dtype=np.bool_)
    return Audit(
        counts=_counts(everything),
        patients={split: len({film.patient for film in group}) for split, group in _by_split(everything)},
        exact=[_repeat(films, rows, 1.0) for rows in exact_groups(measured.digests)],
        near=[_repeat(films, (p.first, p.second), p.correlation) for p in pairs if p.correlation >= SAME_PICTURE],
        look_alikes=[_repeat(films, (p.first, p.second), p.correlation) for p in below[:_LOOK_ALIKES]],
        shared_patients=_shared([(film.patient, film.split) for film in everything]),
        shared_numbers=_shared([(number, film.split) for film in everything if (number := _number(film))]),
        baselines=_baselines(measured, seen, learned),
        mark_groups=groups,
        confounded=confounded(groups, films, learned.tolist()),
        sources=sources(
            [film for film, own in zip(films, learned, strict=True) if own],
            [View(view.name, view.values[learned]) for view in seen if view.name != "border"],
        ),
        reference=reference,
        unreadable=list(measured.unreadable),
    )


def _group(film: LabelledRadiograph) -> str:
    if not film.positive:
        return GROUPS[0]
    return GROUPS[3] if film.subtype is None else str(film.subtype)


def _by_split(films: Sequence[LabelledRadiograph]) -> Iterator[tuple[str, list[LabelledRadiograph]]]:
    for split in ("train", "val", "test", "all"):
        if group := [film for film in films if film.split == split]:
            yield split, group


def _counts(films: Sequence[LabelledRadiograph]) -> dict[str, dict[str, tuple[int, int]]]:
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    for split, members in _by_split(films):
        number = Counter(_group(film) for film in members)
        patients = Counter(group for group, _ in {(_group(film), film.patient) for film in members})
        counts[split] = {group: (number[group], patients[group]) for group in GROUPS if number[group]}
    return counts


def _repeat(films: Sequence[LabelledRadiograph], rows: Sequence[int], correlation: float) -> Repeat:
    return Repeat(tuple(films[row] for row in rows), correlation)


def _distinct_pairs(measured: Measured) -> list[Pair]:
    """Pairs that look alike, one per pair of file contents: copies of one file are reported as such, not again here."""
    first_row: dict[str, int] = {}
    rows = [row for row, digest in enumerate(measured.digests) if first_row.setdefault(digest, row) == row]
    found = alike(measured.thumbnails[rows], at_least=_LOOK_ALIKE)
    return [Pair(rows[pair.first], rows[pair.second], pair.correlation) for pair in found]


def _shared(places: Sequence[tuple[str, str]]) -> list[str]:
    """Names that occur in more than one split, sorted."""
    splits: dict[str, set[str]] = defaultdict(set)
    for name, split in places:
        splits[name].add(split)
    return sorted(name for name, where in splits.items() if len(where) > 1)


def _number(film: LabelledRadiograph) -> str | None:
    """The label and the bare number at the end of a patient key: what one might take for a person."""
    number = film.patient.rpartition("/")[2]
    return f"{film.label} {int(number)}" if number.isdecimal() else None


def _views(measured: Measured) -> list[View]:
    return views(measured.thumbnails, measured.file_bytes, measured.dimensions, measured.sharpness)


def _baselines(measured: Measured, seen: Sequence[View], learned: NDArray[np.bool_]) -> list[Baseline]:
    splits = np.array([film.split for film in measured.films])
    ground = Reference(
        positive=np.array([film.positive for film in measured.films], dtype=np.bool_),
        patients=[film.patient for film in measured.films],
        train=learned,
        test=(splits == "test") & ~learned,
    )
    return [measure(view, ground) for view in seen]
