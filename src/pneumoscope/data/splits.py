"""Patient-safe splits: number blocks for the public release, patient groups for anybody's own films.

The public release was split by number block, not at random (see docs/data.md). Films near each other in number share
an acquisition series, so a random validation fold is easier than the test and a threshold chosen on it is wrong. The
default therefore holds out whole blocks of numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import distinct
from pneumoscope.errors import DataError

HELD_OUT_BLOCKS: dict[str, tuple[tuple[int, int], ...]] = {
    "normal/IM": ((115, 297),),
    "normal/NORMAL2-IM": ((383, 576),),
    "pneumonia/bacterial": ((1, 77),),
    "pneumonia/viral": ((80, 150), (1550, 1609)),
}
"""Series of the public train split -> inclusive ranges of numbers held out for validation."""


LEAST_VALIDATION = 20
"""Fewest films of each label that a validation split needs: with fewer, one film moves recall by over five points."""


def series(film: LabelledRadiograph) -> tuple[str, int] | None:
    """The number series of a film's patient key and the number in it; None where the key is no such number."""
    name, _, number = film.patient.rpartition("/")
    return (name, int(number)) if name in HELD_OUT_BLOCKS and number.isdigit() else None


def validation(
    films: Sequence[LabelledRadiograph], *, fraction: float = 0.2, seed: int = 0
) -> list[LabelledRadiograph]:
    """Divide training films into ``train`` and ``val``.

    A ``val`` split that the films come with is kept if it holds at least LEAST_VALIDATION films of each label; the
    public release's own, sixteen films, can choose nothing and joins the training films. Films of the public release
    are then divided by HELD_OUT_BLOCKS, any others by patient, stratified by source, label and subtype.

    Args:
        films: films whose split is train, val or all; test films are refused.
        fraction: share of the patients held out where neither a val split nor number blocks exist.
        seed: of the draw of patients.

    Returns:
        The same films in the same order, with split "train" or "val".

    Raises:
        DataError: a test film was passed, or a class would be missing on either side.
    """
    _refuse_test(films)
    if _holds_out(films, LEAST_VALIDATION):
        divided = [film if film.split == "val" else replace(film, split="train") for film in films]
    elif all(series(film) for film in films) and _holds_out(blocks := _by_block(films), 1):
        divided = blocks
    else:
        divided = _by_patient(films, fraction, seed)
    _check(divided)
    return divided


def divided(films: Iterable[LabelledRadiograph], *, seed: int = 0) -> dict[str, LabelledRadiograph]:
    """Divide the distinct films of a source as training does; its test films are left out.

    Args:
        films: of any split.
        seed: of the draw of patients, see :func:`validation`.

    Returns:
        Every distinct film, by the sha256 of its content, with split "train" or "val".

    Raises:
        DataError: identical films carry different labels, or a class would be missing on either side.
    """
    by_digest = distinct(film for film in films if film.split != "test")
    return dict(zip(by_digest, validation(list(by_digest.values()), seed=seed), strict=True))


def block_folds(films: Sequence[LabelledRadiograph], count: int) -> list[list[LabelledRadiograph]]:
    """Cut every number series into ``count`` contiguous blocks of about equal film count.

    Returns:
        One division per fold, like :func:`validation`: fold i holds out block i of every series.

    Raises:
        DataError: a test film was passed, a film belongs to no number series, or a fold misses a class.
    """
    _refuse_test(films)
    numbers: dict[str, list[int]] = defaultdict(list)
    for film in films:
        place = series(film)
        if place is None:
            raise DataError(
                f"{film.path}: its patient key {film.patient!r} has no number, so there are no blocks to cut"
            )
        numbers[place[0]].append(place[1])
    edges = {name: np.quantile(values, np.arange(1, count) / count) for name, values in numbers.items()}
    folds = []
    for fold in range(count):
        divided = []
        for film in films:
            name, number = series(film) or ("", 0)
            block = int(np.searchsorted(edges[name], number, side="left"))
            divided.append(replace(film, split="val" if block == fold else "train"))
        _check(divided)
        folds.append(divided)
    return folds


def _refuse_test(films: Sequence[LabelledRadiograph]) -> None:
    if any(film.split == "test" for film in films):
        raise DataError("test films must not be divided for training")


def _holds_out(films: Sequence[LabelledRadiograph], least: int) -> bool:
    """Whether at least ``least`` films of each label are on the validation side."""
    held_out = [film.positive for film in films if film.split == "val"]
    return min(sum(held_out), len(held_out) - sum(held_out)) >= least


def _by_block(films: Sequence[LabelledRadiograph]) -> list[LabelledRadiograph]:
    return [replace(film, split="val" if _held_out(film) else "train") for film in films]


def _held_out(film: LabelledRadiograph) -> bool:
    name, number = series(film) or ("", 0)
    return any(first <= number <= last for first, last in HELD_OUT_BLOCKS[name])


def _by_patient(films: Sequence[LabelledRadiograph], fraction: float, seed: int) -> list[LabelledRadiograph]:
    patients: dict[tuple[str, ...], list[str]] = defaultdict(list)
    # Sorted, so that the draw follows from the films and the seed and not from the films' order.
    strata = {
        film.patient: (film.source, film.label, film.subtype or "")
        for film in sorted(films, key=lambda film: film.path)
    }
    for patient in sorted(strata):
        patients[strata[patient]].append(patient)
    rng = np.random.default_rng(seed)
    held_out: set[str] = set()
    for _, members in sorted(patients.items()):
        size = max(1, round(fraction * len(members)))
        held_out.update(rng.permutation(np.array(members, dtype=object))[:size])
    return [replace(film, split="val" if film.patient in held_out else "train") for film in films]


def _check(films: Sequence[LabelledRadiograph]) -> None:
    for split in ("train", "val"):
        labels = {film.label for film in films if film.split == split}
        if len(labels) < 2:
            raise DataError(
                f"the {split} side of the split needs normal and pneumonia films: give more patients, or a manifest "
                "with splits"
            )
    train = {film.patient for film in films if film.split == "train"}
    both = train & {film.patient for film in films if film.split == "val"}
    if both:
        raise DataError(
            f"{len(both)} patients are on both sides of the split, first {sorted(both)[0]!r}: correct the manifest"
        )
