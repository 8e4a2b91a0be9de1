"""The audit for readers: one self-contained, printable HTML page, and its JSON twin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope._version import __version__
from pneumoscope.data.audit.audit import GROUPS, Audit, Measured, Repeat
from pneumoscope.data.audit.confounding import CHANCE, ONE_CLASS, Confounded
from pneumoscope.data.audit.duplicates import SAME_PICTURE
from pneumoscope.data.audit.marks import LEAST
from pneumoscope.data.audit.shortcuts import ALARM, BLURRED_SIDE, BORDER, FOLDS, Baseline, blurred, border
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import CLASSES, Label
from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.pages import data_uri, environment

Picture = Callable[[Path], NDArray[np.uint8]]
"""Reads a film for display: uint8 (S, S)."""

MOST_SHOWN = 24
"""Repeats shown with pictures; the JSON twin lists all."""

_EXAMPLE_SIDE = 128
_MARK_TIMES = 8


@dataclass(frozen=True)
class _Words:
    """What the page says about one baseline: its title, what it sees, and what training does about it."""

    title: str
    sees: str
    remedy: str


_WORDS = {
    "file_size": _Words(
        "File size",
        "Only the number of bytes of each file. The picture is not opened.",
        "The model never sees a file's size, but size stands for sharpness and noise, which it does see. Training "
        "makes films sharper, blurrier, noisier and re-compressed at random.",
    ),
    "border": _Words(
        "Border only",
        f"Only a frame {BORDER:.0%} of the side wide. Lungs, heart and ribs are blanked.",
        "Training crops a random part of every film and rotates and mirrors it, so the frame is seldom where it was.",
    ),
    "blurred": _Words(
        "Heavily blurred thumbnail",
        f"Only {BLURRED_SIDE} by {BLURRED_SIDE} grey squares: how bright the film is where. A large consolidation "
        "shows even so, but so do exposure, collimation and how the child lies.",
        "Training changes gamma, contrast and brightness and crops at random places and aspect ratios, so grey levels "
        "at fixed places tell less.",
    ),
    "sharpness": _Words(
        "Sharpness",
        "Only one number, the variance of the Laplacian.",
        "Training blurs, sharpens, shrinks, re-compresses or adds noise to seven films in ten.",
    ),
    "dimensions": _Words(
        "Width and height",
        "Only the film's size in pixels and its aspect ratio.",
        "Every film is brought to one square size before the model sees it, and training crops at random aspect ratios "
        "between 3:4 and 4:3.",
    ),
}


def render(found: Audit, measured: Measured, source: Path, picture: Picture) -> str:
    """Write the page.

    Args:
        found: the audit.
        measured: what it was made from; two of its thumbnails illustrate what the baselines see.
        source: the folder or manifest that was audited; paths are shown relative to it.
        picture: reads a film of ``found`` for display.

    Returns:
        HTML that loads nothing from elsewhere.
    """
    pages = environment("pneumoscope.data.audit")
    pages.filters["thousands"] = lambda number: f"{number:,}"
    pages.filters["auc"] = lambda value: "n/a" if value is None else f"{value:.3f}".removeprefix("0")
    pages.filters["film"] = lambda film: shown(film.path, source)
    pages.filters["picture"] = lambda film: data_uri(Image.fromarray(picture(film.path)))
    return pages.get_template("audit.html.j2").render(
        audit=found,
        source=source,
        version=__version__,
        groups=[group for group in GROUPS if any(group in counted for counted in found.counts.values())],
        words=_WORDS,
        alarm=ALARM,
        folds=FOLDS,
        same_picture=SAME_PICTURE,
        most_shown=MOST_SHOWN,
        marks=[_mark(found, each) for each in found.confounded],
        one_class=ONE_CLASS,
        chance=CHANCE,
        least=LEAST,
        examples=_examples(measured),
        has_test=any(baseline.test_auc is not None for baseline in found.baselines),
    )


def as_json(found: Audit, source: Path) -> dict[str, Any]:
    """The audit as plain values: the JSON twin of the page. Paths are relative to the source where they lie in it."""
    return {
        "source": str(source),
        "films": found.films,
        "counts": {
            split: {group: {"films": films, "patients": patients} for group, (films, patients) in groups.items()}
            for split, groups in found.counts.items()
        },
        "patients": found.patients,
        "patients_in_more_than_one_split": found.shared_patients,
        "bare_numbers_in_more_than_one_split": len(found.shared_numbers),
        "exact_duplicates": {
            "groups": len(found.exact),
            "spare_copies": found.spare_copies,
            "list": [_repeat_json(repeat, source) for repeat in found.exact],
        },
        "near_duplicates": {"pairs": len(found.near), "list": [_repeat_json(repeat, source) for repeat in found.near]},
        "look_alikes": [_repeat_json(repeat, source) for repeat in found.look_alikes],
        "shortcuts": {
            "alarm_above_auc": ALARM,
            "reference": found.reference,
            "baselines": {baseline.name: _baseline_json(baseline) for baseline in found.baselines},
        },
        "sources": _sources_json(found),
        "burnt_in_marks": {
            "groups": len(found.mark_groups),
            "radiographs": len({row for group in found.mark_groups for row in group.rows}),
            "of_one_class": [_confounded_json(each) for each in found.confounded],
        },
        "unreadable": [
            {"path": shown(bad.labelled.path, source), "reason": bad.refusal.reason, "detail": bad.refusal.detail}
            for bad in found.unreadable
        ],
    }


def shown(path: Path, source: Path) -> str:
    """A film's path as a reader knows it: relative to the source folder where it lies in it."""
    return path.relative_to(source).as_posix() if path.is_relative_to(source) else str(path)


def _repeat_json(repeat: Repeat, source: Path) -> dict[str, Any]:
    return {
        "films": [shown(film.path, source) for film in repeat.films],
        "correlation": round(repeat.correlation, 4),
        "crosses_split": repeat.crosses_split,
        "crosses_label": repeat.crosses_label,
        "crosses_patient": repeat.crosses_patient,
    }


def _sources_json(found: Audit) -> dict[str, Any] | None:
    each = found.sources
    if each is None:
        return None
    return {
        "counts": {name: {"normal": normal, "pneumonia": sick} for name, (normal, sick) in each.counts.items()},
        "class_from_source_auc": round(each.class_auc, 4),
        "source_from_picture": {name: None if told is None else round(told, 4) for name, told in each.told.items()},
        "chance": round(each.chance, 4),
    }


def _confounded_json(each: Confounded) -> dict[str, Any]:
    return {
        "place": list(each.group.place),
        "label": str(each.label),
        "counts": each.counts,
        "contradicted_in_test": each.contradicted,
        "runs": list(each.runs),
        "chance": float(f"{each.chance:.2g}"),
    }


def _mark(found: Audit, each: Confounded) -> dict[str, Any]:
    """What the page shows of a mark."""
    unknown = any("pneumonia" in counted for counted in each.counts.values())
    picture = each.group.picture.astype(np.float64)
    brightest = max(float(picture.max()), 1.0)
    reference = "train" if found.reference == "train" else None
    known = [counted for split, counted in each.counts.items() if reference in (None, split)]
    total = sum(sum(counted.values()) for counted in known)
    normals = sum(counted.get("normal", 0) for counted in known)
    pure = normals == (0 if each.label is Label.PNEUMONIA else total)
    return {
        "found": each,
        "label": f"{each.label}s",
        "other": "normal" if each.label is Label.PNEUMONIA else "pneumonia",
        "pure": pure,
        "columns": (*CLASSES, "pneumonia") if unknown else CLASSES,
        "total": total,
        "place": _place(each.group.place),
        "picture": data_uri(
            Image.fromarray(_enlarged((255 / brightest * picture[None]).astype(np.uint8), _MARK_TIMES)[0])
        ),
    }


def _place(place: tuple[int, int]) -> str:
    """Where in the picture a place is, in words of thirds."""
    row, column = (min(3 * value // INPUT_SIZE, 2) for value in place)
    words = f"{('top', 'middle', 'bottom')[row]} {('left', 'centre', 'right')[column]}"
    return words.replace("middle centre", "centre")


def _baseline_json(baseline: Baseline) -> dict[str, Any]:
    return {
        "train_auc": None if baseline.train_auc is None else round(baseline.train_auc, 4),
        "test_auc": None if baseline.test_auc is None else round(baseline.test_auc, 4),
        "higher_is": baseline.higher_is,
        "alarming": baseline.alarming,
    }


def _examples(measured: Measured) -> dict[str, list[tuple[str, str]]]:
    """Per picture baseline: (label, what is left of one such film) for one normal film and one pneumonia."""
    chosen = [row for row in (_typical(measured, positive) for positive in (False, True)) if row is not None]
    if not chosen:
        return {}
    films: Sequence[LabelledRadiograph] = [measured.films[row] for row in chosen]
    thumbnails = measured.thumbnails[chosen]
    left = {"border": border(thumbnails), "blurred": blurred(thumbnails)}
    return {
        name: [
            (str(film.label), data_uri(Image.fromarray(rest)))
            for film, rest in zip(films, _enlarged(rests, _EXAMPLE_SIDE // rests.shape[1]), strict=True)
        ]
        for name, rests in left.items()
    }


def _typical(measured: Measured, positive: bool) -> int | None:
    """The film of a class whose file size is the class's median."""
    rows = np.array([row for row, film in enumerate(measured.films) if film.positive is positive], dtype=np.intp)
    if not len(rows):
        return None
    return int(rows[np.argsort(measured.file_bytes[rows])[len(rows) // 2]])


def _enlarged(pictures: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    """Repeat every pixel of pictures (N, H, W) ``times`` times both ways."""
    return pictures.repeat(times, axis=1).repeat(times, axis=2)
