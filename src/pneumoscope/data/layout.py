"""Where labelled films come from: the public folder layout, or a CSV manifest for anybody's own films."""

import csv
import hashlib
import io
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePath

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError
from pneumoscope.files import sha256, write_text
from pneumoscope.imaging.search import radiographs_below

SPLITS = ("train", "val", "test")
UNSPLIT = "all"
"""The split of films whose source names none."""

COLUMNS = ("path", "label", "subtype", "patient", "split", "source", "weight")

OFFICIAL_TEST_SHA256 = "480523ee0b0202874fa771a2e7af302eacf6f69089674bed729427b0bff5639a"

_NORMAL = re.compile(r"^(?P<series>(?:NORMAL2-)?IM)-(?P<number>\d+)-")
_PNEUMONIA = re.compile(r"^person(?P<number>\d+)_(?P<pathogen>bacteria|virus)_")
_MENDELEY = re.compile(r"^(?P<kind>NORMAL|BACTERIA|VIRUS)-(?P<number>\d+)-\d+")
_MENDELEY_KINDS = {"NORMAL": None, "BACTERIA": Subtype.BACTERIAL, "VIRUS": Subtype.VIRAL}
_PATHOGENS = {"bacteria": Subtype.BACTERIAL, "virus": Subtype.VIRAL}


def load(source: Path, moved: bool = False) -> list[LabelledRadiograph]:
    """List the labelled films of a folder or of a CSV manifest.

    A folder holds ``NORMAL`` and ``PNEUMONIA`` (any case), directly or below ``train``, ``val`` and ``test``, any of
    which may be absent. A manifest has the columns path, label, subtype, patient, split, source, weight; only the first
    two are required, and paths are relative to the manifest.

    Args:
        source: the folder or the manifest.
        moved: whether the films of a manifest may be elsewhere by now, because their pixels are not needed.

    Returns:
        Films sorted by split and path.

    Raises:
        DataError: the source does not exist, holds no film, or has a row that cannot be understood.
    """
    if not os.path.exists(source):
        raise DataError(f"{source}: no such folder or manifest")
    films = _from_folder(source) if source.is_dir() else _from_manifest(source, moved)
    if not films:
        raise DataError(
            f"{source}: no labelled film found; expected NORMAL/ and PNEUMONIA/ below it, or below train/, test/"
        )
    return sorted(films, key=lambda film: (film.split, film.path))


def write_manifest(films: Iterable[LabelledRadiograph], path: Path) -> None:
    """Write films as a manifest that :func:`load` reads back; paths are written absolute."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for film in films:
        kept = (film.label, film.subtype or "", film.patient, film.split, film.source, film.weight)
        writer.writerow([film.path.absolute(), *kept])
    write_text(path, text.getvalue())


def distinct(films: Iterable[LabelledRadiograph]) -> dict[str, LabelledRadiograph]:
    """Drop spare copies: the first film of every distinct file content, keyed by its sha256.

    Raises:
        DataError: identical files carry different labels, so one of the labels is wrong.
    """
    kept: dict[str, LabelledRadiograph] = {}
    for film in films:
        first = kept.setdefault(sha256(film.path), film)
        if first.label is not film.label:
            raise DataError(f"{first.path} and {film.path} are the same file with different labels: remove one of them")
    return kept


def fingerprint(digests: Iterable[str]) -> str:
    """One sha256 that names a set of films, whatever their order and place."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def is_official_test(films: Iterable[LabelledRadiograph]) -> bool:
    """Whether these are the 624 test films of the public release, by their labels and file names."""
    names = sorted(f"{film.label}/{film.path.name}" for film in films)
    return hashlib.sha256(os.fsencode("\n".join(names))).hexdigest() == OFFICIAL_TEST_SHA256


def _from_folder(root: Path) -> list[LabelledRadiograph]:
    films: list[LabelledRadiograph] = []
    parts = [(root / split, split) for split in SPLITS if (root / split).is_dir()] or [(root, UNSPLIT)]
    for folder, split in parts:
        for child in sorted(folder.iterdir()):
            label = _label(child.name)
            if label is None or not child.is_dir():
                continue
            films.extend(_named(path, path.relative_to(child), label, split) for path in radiographs_below(child))
    return films


def _label(name: str) -> Label | None:
    try:
        return Label(name.strip().lower())
    except ValueError:
        return None


def _named(path: Path, place: PurePath, label: Label, split: str) -> LabelledRadiograph:
    """Read subtype and patient key from a file name of the public release; any other place is a patient of its own."""
    if label is Label.NORMAL and (match := _NORMAL.match(path.name)):
        return LabelledRadiograph(path, label, None, f"normal/{match['series']}/{int(match['number'])}", split)
    if label is Label.PNEUMONIA and (match := _PNEUMONIA.match(path.name)):
        subtype = _PATHOGENS[match["pathogen"]]
        return LabelledRadiograph(path, label, subtype, f"pneumonia/{subtype}/{int(match['number'])}", split)
    if match := _MENDELEY.match(path.name):
        known = _MENDELEY_KINDS[match["kind"]] if label is Label.PNEUMONIA else None
        return LabelledRadiograph(path, label, known, f"{label}/{match['kind']}/{int(match['number'])}", split)
    return LabelledRadiograph(path, label, None, f"{label}/{place.with_suffix('').as_posix()}", split)


def _check_patients(films: Iterable[LabelledRadiograph], manifest: Path) -> None:
    """Refuse keys that differ in capitals alone: they may be one person, who would be on both sides of a split."""
    spelled: dict[str, str] = {}
    for film in films:
        first = spelled.setdefault(film.patient.casefold(), film.patient)
        if first != film.patient:
            raise DataError(
                f"{manifest}: the patients {first!r} and {film.patient!r} differ in capitals only: write them alike"
            )


def _from_manifest(manifest: Path, moved: bool) -> list[LabelledRadiograph]:
    try:
        with manifest.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as stream:
            reader = csv.DictReader(stream)
            if not {"path", "label"} <= set(reader.fieldnames or ()):
                raise DataError(f"{manifest}: the first line must name the columns {', '.join(COLUMNS)}")
            films = [_from_row(row, manifest, reader.line_num, moved) for row in reader]
    except csv.Error as error:
        raise DataError(f"{manifest}: not a CSV text file ({error})") from error
    _check_patients(films, manifest)
    return films


def _from_row(row: dict[str, str | None], manifest: Path, line: int, moved: bool) -> LabelledRadiograph:
    where = f"{manifest}, line {line}"
    label = _label(row["label"] or "")
    if label is None:
        raise DataError(f"{where}: label must be normal or pneumonia, not {row['label']!r}")
    text = (row.get("subtype") or "").strip().lower()
    if text and text not in set(Subtype):
        raise DataError(f"{where}: subtype must be bacterial, viral or empty, not {text!r}")
    split = (row.get("split") or UNSPLIT).strip().lower()
    if split not in (*SPLITS, UNSPLIT):
        raise DataError(f"{where}: split must be one of {', '.join(SPLITS)} or empty, not {split!r}")
    if len((row["path"] or "").splitlines()) > 1:
        raise DataError(f"{where}: the path spans lines; a quotation mark in it is not closed")
    path = manifest.parent / (row["path"] or "")
    if not (moved or os.path.isfile(path)):
        hint = "" if str(path).isprintable() else "; its name is no UTF-8: is the manifest saved as UTF-8?"
        raise DataError(f"{where}: {path} does not exist{hint}")
    film = _named(path, PurePath(row["path"] or ""), label, split)
    return LabelledRadiograph(
        path,
        label,
        Subtype(text) if text else film.subtype,
        " ".join((row.get("patient") or "").split()) or film.patient,
        split,
        " ".join((row.get("source") or "").split()),
        _weight((row.get("weight") or "").strip(), where),
    )


def _weight(text: str, where: str) -> float:
    try:
        weight = float(text or 1)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise DataError(f"{where}: weight must be a number above 0 or empty, not {text!r}")
    return weight
