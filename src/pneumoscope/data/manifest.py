"""A manifest: a table that names labelled radiographs, one a row."""

import csv
import io
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.data.labelled import SPLITS, UNSPLIT, LabelledRadiograph
from pneumoscope.data.names import named
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError
from pneumoscope.files import write_bytes
from pneumoscope.tables import Row, Table, find_file, read_table

COLUMNS = ("path", "label", "subtype", "patient", "split", "source", "weight")

WORDS = {
    Label.NORMAL: ("normal", "0", "0.0", "no", "false"),
    Label.PNEUMONIA: ("pneumonia", "1", "1.0", "yes", "true"),
}
"""What labels are understood, in letters of any case."""

_KNOWN = {word: label for label, words in WORDS.items() for word in words}


@dataclass(frozen=True)
class ManifestForm:
    """What a manifest calls its columns and its labels.

    Attributes:
        path_column: which column names the files.
        label_column: which column holds the labels.
        positive: the label that means pneumonia, in letters of any case; the one other label then means normal. None
            for the WORDS.
    """

    path_column: str = "path"
    label_column: str = "label"
    positive: str | None = None


def read_manifest(
    manifest: Path,
    form: ManifestForm | None = None,
    moved: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> list[LabelledRadiograph]:
    """Read a manifest; see docs/data.md for its columns.

    Args:
        manifest: the file.
        form: what it calls its columns and labels.
        moved: whether the films may be elsewhere by now, because their pixels are not needed.
        say: hears what a person should know of how it was read.

    Returns:
        One radiograph a row, in order.

    Raises:
        DataError: it is no table, lacks a column, or has a row that cannot be understood.
    """
    form = form or ManifestForm()
    table = read_table(manifest.read_bytes(), str(manifest), (form.path_column, form.label_column))
    if table.note:
        say(table.note)
    path, label = table.need(form.path_column, "path"), table.need(form.label_column, "label")
    places = {name: table.find(name) for name in COLUMNS} | {"path": path, "label": label}
    labels = _labels(table, label, form)
    films = [_from_row(table, row, places, label) for row, label in zip(table.rows, labels, strict=True)]
    labelled: dict[Path, Label] = {}
    for row, film in zip(table.rows, films, strict=True):
        if not moved:
            _check_there(film.path, table.where(row))
        if labelled.setdefault(film.path, film.label) is not film.label:
            raise DataError(f"{table.where(row)}: {film.path} has another label in a line above; remove one of them")
    _check_patients(films, manifest)
    return films


def write_manifest(films: Iterable[LabelledRadiograph], path: Path) -> None:
    """Write films as a manifest that :func:`read_manifest` reads back; paths are written absolute."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for film in films:
        kept = (film.label, film.subtype or "", film.patient, film.split, film.source, film.weight)
        writer.writerow([film.path.absolute(), *kept])
    write_bytes(path, text.getvalue().encode(errors="surrogateescape"))  # a name that is no UTF-8 keeps its bytes


def _labels(table: Table, place: int, form: ManifestForm) -> list[Label]:
    if form.positive is None:
        return [_known(table, row, place) for row in table.rows]
    positive = form.positive.strip().casefold()
    words = [table.cell(row, place).casefold() for row in table.rows]
    negative = sorted(set(words) - {positive})
    if "" in negative:
        raise DataError(f"{table.where(table.rows[words.index('')])}: the label is empty")
    if positive not in words:
        raise DataError(f"{table.name}: no label is {form.positive!r}; there are {', '.join(map(repr, negative[:12]))}")
    if len(negative) > 1:
        raise DataError(
            f"{table.name}: beside {form.positive!r} there are {len(negative)} labels "
            f"({', '.join(map(repr, negative[:12]))}); only one can mean normal"
        )
    return [Label.PNEUMONIA if word == positive else Label.NORMAL for word in words]


def _known(table: Table, row: Row, place: int) -> Label:
    text = table.cell(row, place)
    label = _KNOWN.get(text.casefold())
    if label is None:
        raise DataError(
            f"{table.where(row)}: label must be normal or pneumonia (or 0/1, no/yes, false/true), not {text!r}; "
            "name another word for pneumonia with --positive"
        )
    return label


def _from_row(table: Table, row: Row, places: dict[str, int | None], label: Label) -> LabelledRadiograph:
    where = table.where(row)
    entry, subtype, patient, split = (table.cell(row, places[name]) for name in ("path", "subtype", "patient", "split"))
    subtype, split = subtype.lower(), split.lower() or UNSPLIT
    if subtype and subtype not in set(Subtype):
        raise DataError(f"{where}: subtype must be bacterial, viral or empty, not {subtype!r}")
    if split not in (*SPLITS, UNSPLIT):
        raise DataError(f"{where}: split must be one of {', '.join(SPLITS)} or empty, not {split!r}")
    if not entry:
        raise DataError(f"{where}: the path is empty")
    folder = Path(table.name).parent
    path = Path(find_file(entry, folder))
    beside = path.is_relative_to(folder) and not os.path.isabs(entry)
    film = named(path, path.relative_to(folder) if beside else path, label, split)
    return LabelledRadiograph(
        path,
        label,
        Subtype(subtype) if subtype else film.subtype,
        " ".join(patient.split()) or film.patient,
        split,
        " ".join(table.cell(row, places["source"]).split()),
        _weight(table.cell(row, places["weight"]), where),
        table.others(row, places.values()),
    )


def _weight(text: str, where: str) -> float:
    try:
        weight = float(text or 1)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise DataError(f"{where}: weight must be a number above 0 or empty, not {text!r}")
    return weight


def _check_there(path: Path, where: str) -> None:
    if not os.path.isfile(path):
        hint = "" if str(path).isprintable() else "; its name is no UTF-8: is the manifest saved as UTF-8?"
        raise DataError(f"{where}: {path} does not exist{hint}")


def _check_patients(films: Iterable[LabelledRadiograph], manifest: Path) -> None:
    """Refuse keys that differ in capitals alone: they may be one person, who would be on both sides of a split."""
    spelled: dict[str, str] = {}
    for film in films:
        first = spelled.setdefault(film.patient.casefold(), film.patient)
        if first != film.patient:
            raise DataError(
                f"{manifest}: the patients {first!r} and {film.patient!r} differ in capitals only: write them alike"
            )
