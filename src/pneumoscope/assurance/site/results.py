"""Results of ``pneumoscope screen`` read back, and what a list says of their films."""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from datetime import date as Date
from pathlib import Path
from typing import Any, Literal

import msgspec

from pneumoscope.decision.labels import Label
from pneumoscope.decision.site_profile import SiteProfile
from pneumoscope.errors import DataError
from pneumoscope.extras import needed
from pneumoscope.tables import find_file, read_table


@dataclass(frozen=True)
class ResultRow:
    """What is needed of one result; see ``screening.record.Record``."""

    source: str | None
    source_sha256: str | None
    sop_instance_uid: str | None
    time: datetime
    status: Literal["screened", "not_assessed"]
    reason: str | None
    probability: float | None
    score: float | None
    model_sha256: str
    device: str | None = None


@dataclass(frozen=True)
class Listed:
    """What a list says of one film. At least one of path, source_sha256 and sop_instance_uid names it.

    Attributes:
        path: relative to the list.
        source_sha256: hex digest of the film.
        sop_instance_uid: of the DICOM object.
        label: as the readers' report says; None where the list has no label, or an empty one.
        patient: the patient's key.
        device: in the site's words.
        date: of the film.
    """

    path: str | None = None
    source_sha256: str | None = None
    sop_instance_uid: str | None = None
    label: Label | None = None
    patient: str | None = None
    device: str | None = None
    date: Date | None = None


_KEYS = ("path", "source_sha256", "sop_instance_uid")


def read_results(sources: Sequence[Path], profile: SiteProfile) -> list[ResultRow]:
    """Read results: JSON lines, CSV, Parquet, or the folder of a screening with Ray. A film counts once, its last time.

    Args:
        sources: the files and folders.
        profile: of the site.

    Raises:
        DataError: a file cannot be read or holds no results, or results are of another bundle than the profile.
        MissingExtraError: a Parquet file was named and pyarrow is not installed.
    """
    last: dict[str, ResultRow] = {}
    for source in sources:
        for number, row in enumerate(_rows_of(source), 1):
            if row.model_sha256 != profile.bundle_sha256:
                raise DataError(
                    f"{source}, result {number}: made by the bundle {row.model_sha256[:12]}, and the site profile is "
                    f"for {profile.bundle_sha256[:12]}; give results of that bundle only"
                )
            name = row.source_sha256 or row.source or f"{source}, {number}"
            if name not in last or last[name].time <= row.time:
                last[name] = row
    if not last:
        raise DataError(f"{', '.join(map(str, sources))}: no results in there")
    return sorted(last.values(), key=lambda row: row.time)


def _rows_of(source: Path) -> list[ResultRow]:
    try:
        if source.is_dir() or source.suffix.lower() == ".parquet":
            raw: Iterable[dict[str, Any]] = _from_parquet(source)
        elif source.suffix.lower() == ".csv":
            text = io.StringIO(source.read_text(encoding="utf-8-sig", errors="surrogateescape"), newline="")
            raw = ({key: value or None for key, value in row.items() if key} for row in csv.DictReader(text))
        else:
            raw = (json.loads(line) for line in source.read_bytes().splitlines() if line.strip())
        return [_aware(row) for row in msgspec.convert(list(raw), list[ResultRow], strict=False)]
    except (OSError, ValueError, csv.Error) as problem:  # msgspec's errors are ValueErrors
        raise DataError(
            f"{source}: these are no results of `pneumoscope screen` ({problem}); give its JSON lines, CSV or Parquet"
        ) from problem


def _aware(row: ResultRow) -> ResultRow:
    return row if row.time.tzinfo else replace(row, time=row.time.replace(tzinfo=UTC))


def _from_parquet(source: Path) -> list[dict[str, Any]]:
    with needed("Parquet results", "scale"):
        import pyarrow.parquet
    # The folder of a screening with Ray holds its films beside its results.
    place = source / "results" if (source / "results").is_dir() else source
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(place).to_pylist()
    return rows


def read_list(path: Path) -> list[Listed]:
    """Read a list of films: a table with a column path, source_sha256 or sop_instance_uid, and any others of Listed.

    Raises:
        DataError: it cannot be read, or a row cannot be understood.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise DataError(f"{path}: this list cannot be read ({problem.strerror})") from problem
    return parse_list(content, str(path))


def parse_list(content: bytes, name: str) -> list[Listed]:
    """Read the bytes of a list; see :func:`read_list`.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        DataError: it is no table, or a row cannot be understood.
    """
    table = read_table(content, name, _KEYS)
    places = {field.name: table.find(field.name) for field in fields(Listed)}
    if all(places[key] is None for key in _KEYS):
        raise DataError(f"{name}: the first line must name one of the columns {', '.join(_KEYS)}")
    return [
        _listed({name: table.cell(row, place).strip() for name, place in places.items()}, table.where(row))
        for row in table.rows
    ]


def _listed(row: dict[str, str], where: str) -> Listed:
    filled = {name: text for name, text in row.items() if text}
    if "label" in filled:
        filled["label"] = filled["label"].lower()
    if not filled.keys() & set(_KEYS):
        raise DataError(f"{where}: names no film; fill one of {', '.join(_KEYS)}")
    try:
        return msgspec.convert(filled, Listed, strict=False)
    except msgspec.ValidationError as problem:
        raise DataError(
            f"{where}: {problem}; a label is normal, pneumonia or empty, and a date is YYYY-MM-DD"
        ) from problem


def join(
    rows: Iterable[ResultRow], listed: Sequence[Listed], folder: Path
) -> Iterator[tuple[ResultRow, Listed | None]]:
    """Put beside each result what the list says of its film; None where it says nothing.

    Args:
        rows: results.
        listed: the list.
        folder: of the list, which its paths are relative to.
    """
    by_uid = {entry.sop_instance_uid: entry for entry in listed if entry.sop_instance_uid}
    by_sha256 = {entry.source_sha256: entry for entry in listed if entry.source_sha256}
    by_path = {os.path.realpath(find_file(entry.path, folder)): entry for entry in listed if entry.path}
    for row in rows:
        place = os.path.realpath(row.source) if row.source and "\0" not in row.source else None
        yield (
            row,
            (
                by_uid.get(row.sop_instance_uid or "")
                or by_sha256.get(row.source_sha256 or "")
                or by_path.get(place or "")
            ),
        )
