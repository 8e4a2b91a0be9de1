"""Write the manifest of the films of all hospitals that a network trains and validates on.

    python -m experiments.hospitals.sources --out FILE.csv --lungs FOLDER [--without HOSPITAL ...]
        [--without-second-block] [--most N]

The protocol is in README.md. The films are looked for under PNEUMOSCOPE_DATA, in ``chest_xray/train`` and
``elsewhere/``; they are read where they lie. Cut-out lungs alone are copied, into FOLDER, where they get a surrounding
(experiments/hospitals/lungs.py). Nothing of ``chest_xray/test`` is listed.
"""

import argparse
import csv
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.command import output
from experiments.hospitals.lungs import write_surrounded
from experiments.hospitals.marks import without_telling_marks
from lab.machine import data
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load
from pneumoscope.data.manifest import write_manifest
from pneumoscope.data.splits import divided, series, validation
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.files import make_folder

HOME = "home"
HOSPITALS = {
    "nih": "nih",
    "rsna": "nih_normals",
    "rsna_lungs": "nih_lungs",
    "hannover": "hannover",
    "pakistan": "pakistan",
    "cohen": "cohen",
}
"""Source -> hospital. The films of ``nih_normals`` and ``nih_lungs`` are of ``nih`` too, and are left out with it."""

OF_NIH = {"nih", "nih_normals", "nih_lungs"}

SECOND_BLOCK = ("normal/NORMAL2-IM", 577, 799)
"""Series, first and last number of the second home set."""

COHEN, HANNOVER = "cohen", "hannover"
"""Cohen's collection took films from Hannover's, under their names."""

_CONFIRMED = "; confirmed"
_DOUBTED = 0.5
_BOTH_CLASSES = 4.0
"""Weight of the films of nih, which has both classes and few films."""


@dataclass(frozen=True)
class Film:
    """A film of another hospital.

    Attributes:
        labelled: with its hospital as the source; its split is that of the campaign.
        source: as in the manifest of ``elsewhere/``.
        view: "PA", "AP" or empty.
        age: in years; None where unknown.
        confirmed: whether readers confirmed the label.
    """

    labelled: LabelledRadiograph
    source: str
    view: str
    age: float | None
    confirmed: bool


def elsewhere() -> list[Film]:
    """The films of other hospitals, divided by patient within source and label; a film of two sources counts once."""
    folder = data("elsewhere")
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = [
            row for row in csv.DictReader(stream) if row["label"] in set(Label) and "contradicted" not in row["note"]
        ]
    films = _drawn([film_of(row, folder) for row in rows], 0.2)
    kept = {folder / row["path"] for row in without_copies(rows)}
    once = [film for film in films if film.labelled.path in kept]
    small = [film for film in once if film.source == COHEN]
    return [film for film in once if film.source != COHEN] + _drawn(small, 0.5)


def without_copies(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Rows of the manifest without Cohen's copies of Hannover's films, and without both where their labels differ."""
    named = {(row["source"], Path(row["path"]).name): row["label"] for row in rows}

    def kept(row: dict[str, str]) -> bool:
        name = Path(row["path"]).name
        other = named.get((HANNOVER, name))
        if row["source"] == COHEN:
            return other is None
        return row["source"] != HANNOVER or named.get((COHEN, name), other) == other

    return [row for row in rows if kept(row)]


def _drawn(films: Sequence[Film], fraction: float) -> list[Film]:
    """The films with a share of the patients of each source and label held out, and all normals of Cohen."""
    # The draw is within source and label; the hospital is what training balances by.
    drawn = validation([replace(film.labelled, source=film.source, split="all") for film in films], fraction=fraction)
    never = {film.labelled.patient for film in films if film.source == COHEN and not film.labelled.positive}
    return [
        replace(film, labelled=replace(film.labelled, split="val" if one.patient in never else one.split))
        for film, one in zip(films, drawn, strict=True)
    ]


def film_of(row: dict[str, str], folder: Path) -> Film:
    """The film of a row of the manifest in a folder; it belongs to no split yet."""
    source, confirmed = row["source"], row["note"].endswith(_CONFIRMED)
    positive = row["label"] == Label.PNEUMONIA
    doubted = source == "rsna_lungs" or (source == "nih" and positive and not confirmed)
    trust = (_BOTH_CLASSES if source == "nih" else 1.0) * (_DOUBTED if doubted else 1.0)
    labelled = LabelledRadiograph(
        folder / row["path"],
        Label(row["label"]),
        Subtype(row["subtype"]) if row["subtype"] else None,
        f"{source}/{row['patient'] or row['path']}",
        "all",
        HOSPITALS[source],
        trust,
    )
    age = float(row["age"]) if row["age"] else None
    return Film(labelled, source, row["view"][:2], age, confirmed)


def home(*, second_block: bool = True) -> list[LabelledRadiograph]:
    """The distinct films of home's train, divided by number block, without those of :mod:`experiments.hospitals.marks`.

    Args:
        second_block: whether training may use SECOND_BLOCK; without, it is left out altogether.
    """
    films = without_telling_marks(_divided_home())
    return [film for film in films if second_block or not in_second_block(film)]


def _divided_home() -> list[LabelledRadiograph]:
    return [replace(film, source=HOME) for film in divided(load(data("chest_xray/train"))).values()]


def in_second_block(film: LabelledRadiograph) -> bool:
    """Whether a film belongs to the second home set."""
    name, number = series(film) or ("", 0)
    own, first, last = SECOND_BLOCK
    return name == own and first <= number <= last


def left_out(without: Collection[str]) -> set[str]:
    """The hospitals that are left out: those that are named, and those of the NIH together."""
    return set(without) | (OF_NIH if OF_NIH & set(without) else set())


def campaign_films(*, second_block: bool = True) -> list[Film]:
    """All films, see :func:`home`."""
    return _of_home(home(second_block=second_block)) + elsewhere()


def held_out_films() -> list[Film]:
    """The films that no network is trained on. No mark is looked for, because none takes a film from them."""
    return [film for film in _of_home(_divided_home()) + elsewhere() if film.labelled.split == "val"]


def _of_home(films: Sequence[LabelledRadiograph]) -> list[Film]:
    return [Film(one, HOME, "", None, False) for one in films]


def choose(films: Sequence[Film], most: int) -> NDArray[np.intp]:
    """Places of the held-out films and of at most so many training films of each source and label, in random order."""
    groups: dict[tuple[str, str, bool], list[int]] = {}
    order = np.random.default_rng(0).permutation(len(films))
    for place in order:
        one = films[place].labelled
        groups.setdefault((films[place].source, one.split, one.positive), []).append(int(place))
    kept = {place for (_, split, _), own in groups.items() for place in (own if split == "val" else own[:most])}
    return np.array([place for place in order if place in kept])


def path_of(film: Film, lungs: Path) -> Path:
    """Where the picture of a film lies; of cut-out lungs, the copy in a surrounding, in a folder."""
    return write_surrounded(film.labelled.path, lungs) if film.source == "rsna_lungs" else film.labelled.path


def listed(without: Collection[str], most: int, lungs: Path, *, second_block: bool) -> Sequence[LabelledRadiograph]:
    """What a network trains and validates on; cut-out lungs get a surrounding, in a copy in a folder."""
    films = campaign_films(second_block=second_block)
    chosen = (films[place] for place in sorted(choose(films, most)))
    return [
        replace(film.labelled, path=path_of(film, lungs))
        for film in chosen
        if film.labelled.source not in left_out(without)
    ]


def main() -> None:
    """Write the manifest, and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=output, required=True, metavar="FILE.csv")
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER", help="for copies of the cut-out lungs")
    parser.add_argument("--without", nargs="*", default=[], choices=sorted(set(HOSPITALS.values())))
    parser.add_argument("--without-second-block", action="store_true")
    parser.add_argument(
        "--most", type=int, default=10**6, help="training films of each source and label (default: all)"
    )
    options = parser.parse_args()
    make_folder(options.lungs)
    films = listed(options.without, options.most, options.lungs, second_block=not options.without_second_block)
    write_manifest(films, options.out)
    counts = Counter((film.source, film.split, film.label) for film in films)
    for (source, split, label), count in sorted(counts.items()):
        print(f"{source:10} {split:6} {label:10} {count:5}")


if __name__ == "__main__":
    main()
