"""Divide public films into two "hospitals" for docs/site.md: ``python scripts/two_hospitals.py DIR``.

"home" are the held-out number blocks of chest_xray/train: films of the hospital that the released network was trained
on. "away" are films of nih and rsna in datasets/elsewhere: another hospital, mostly adults. Patients of each are
halved: one half to validate on, the other to be screened later. Rooms and dates are made up, so that there is
something to watch. Of the later films at home 30% are pneumonias.
"""

import csv
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from pneumoscope.data.layout import load
from pneumoscope.data.splits import validation

DATA = Path(os.environ.get("PNEUMOSCOPE_DATA", "../shared/datasets"))
COLUMNS = ("path", "label", "patient", "age", "view", "device", "date")
FIRST_DAY = date(2026, 8, 31)
WEEKS = 12


@dataclass(frozen=True)
class Film:
    """One row of a list."""

    path: str
    label: str
    patient: str
    age: str = ""
    view: str = ""
    device: str = ""
    date: str = ""


def home() -> list[Film]:
    """Held-out films of the training hospital."""
    films = validation(load(DATA / "chest_xray" / "train"))
    return [Film(str(film.path.absolute()), film.label, film.patient) for film in films if film.split == "val"]


def away(normals: int) -> list[Film]:
    """Films of another hospital: all of nih but those that readers contradict, and some normals of rsna."""
    folder = (DATA / "elsewhere").absolute()
    with (folder / "manifest.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if "contradicted" not in row["note"]]
    films = [
        (row["source"], Film(str(folder / row["path"]), row["label"], row["patient"], row["age"], row["view"]))
        for row in rows
    ]
    rsna = [film for source, film in films if source == "rsna"]
    picked = np.random.default_rng(0).permutation(len(rsna))[:normals]
    return [film for source, film in films if source == "nih"] + [rsna[index] for index in picked]


def halves(films: Sequence[Film]) -> tuple[list[Film], list[Film]]:
    """Divide by patient."""
    patients = sorted({film.patient for film in films})
    chosen = np.random.default_rng(0).permutation(len(patients))[: len(patients) // 2]
    first = {patients[index] for index in chosen}
    return [film for film in films if film.patient in first], [film for film in films if film.patient not in first]


def in_time(films: Iterable[Film], rooms: Sequence[str], weeks: range, seed: int) -> list[Film]:
    """Give films a day of some weeks and a room."""
    generator = np.random.default_rng(seed)
    return [
        replace(
            film,
            device=rooms[generator.integers(len(rooms))],
            date=(
                FIRST_DAY + timedelta(days=7 * int(generator.choice(weeks)) + int(generator.integers(5)))
            ).isoformat(),
        )
        for film in films
    ]


def at_prevalence(films: Sequence[Film], prevalence: float) -> list[Film]:
    """All normals, and as many pneumonias as make the prevalence; shuffled."""
    normal = [film for film in films if film.label == "normal"]
    sick = [film for film in films if film.label == "pneumonia"]
    count = min(len(sick), round(len(normal) * prevalence / (1 - prevalence)))
    generator = np.random.default_rng(1)
    mixed = normal + [sick[index] for index in generator.permutation(len(sick))[:count]]
    return [mixed[index] for index in generator.permutation(len(mixed))]


def write(path: Path, films: Iterable[Film]) -> None:
    """Write a list."""
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(vars(film) for film in films)


def main(folder: Path) -> None:
    """Write all lists."""
    folder.mkdir(parents=True, exist_ok=True)
    home_now, home_later = halves(home())
    away_now, away_later = halves(away(600))
    rooms = ("room 1", "room 2")
    write(folder / "home.csv", home_now)
    later = in_time(at_prevalence(home_later, 0.3), rooms, range(WEEKS), 1)
    write(folder / "home-later.csv", later)
    write(folder / "away.csv", away_now)
    write(folder / "away-later.csv", in_time(away_later, rooms, range(WEEKS), 2))
    strangers = in_time(at_prevalence(away_later, 0.3)[:120], ("new room",), range(8, WEEKS), 3)
    write(folder / "home-changed.csv", later + strangers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
