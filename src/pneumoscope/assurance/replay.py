"""Replay: screen the film of an earlier result again, with the same bundle, runtime and thresholds, and compare."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from pneumoscope.assurance.agreement import TOLERANCE, Verdict, compare
from pneumoscope.assurance.verify import results as journal_results
from pneumoscope.errors import DataError
from pneumoscope.files import sha256
from pneumoscope.imaging.search import radiographs_below
from pneumoscope.screening.screener import Screener


@dataclass(frozen=True)
class Recorded:
    """An earlier result, as far as it can be replayed; see ``screening.record.Record``.

    A journal keeps no ``source``; results of version 1 have no ``rule_out`` and no ``site_profile_sha256``.
    """

    source_sha256: str | None
    status: str
    reason: str | None
    finding: str | None
    probability: float | None
    viral_probability: float | None
    score: float | None
    threshold: float
    model_sha256: str
    runtime: str
    remarks: list[str] = field(default_factory=list)
    source: str | None = None
    rule_out: float | None = None
    site_profile_sha256: str | None = None


@dataclass(frozen=True)
class Replayed:
    """What became of one result.

    Attributes:
        recorded: the earlier result.
        verdict: how the result of now compares.
        detail: one sentence: what differs, or why it was not replayed; empty where nothing does.
        film: where the film was found.
    """

    recorded: Recorded
    verdict: Verdict
    detail: str = ""
    film: Path | None = None


_FIELDS = {one.name for one in fields(Recorded)}
_COMPARED = ("status", "reason", "finding", "score", "probability", "viral_probability", "threshold", "remarks")


def read_recorded(path: Path) -> list[Recorded]:
    """Read results: JSON lines as ``screen --json`` writes them, a CSV of ``screen --csv``, or a journal.

    Raises:
        DataError: the file cannot be read, or holds something else.
        AssuranceError: it is a journal that does not hold together.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as problem:
        raise DataError(f"{path}: the results cannot be read ({problem.strerror}).") from problem
    if text.startswith('{"hash":'):
        rows: list[Any] = journal_results(path)
    elif text.startswith("{"):
        rows = [_json(line, path, number) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    else:
        rows = [_row(row) for row in csv.DictReader(text.splitlines(keepends=True))]
    if not rows:
        raise DataError(
            f"{path}: there is no result in it; give JSON lines, a CSV or a journal of `pneumoscope screen`."
        )
    return [_recorded(row, path, number) for number, row in enumerate(rows, 1)]


def replay(
    recorded: Sequence[Recorded], films: Path, bundle: Path | None = None, workers: int | None = None
) -> Iterator[Replayed]:
    """Screen the films of earlier results again.

    A film is found by its SHA-256 alone, whatever its name is now; so one that was changed is not found.

    Args:
        recorded: the results.
        films: a folder that is searched, with all below it.
        bundle: that the results were made with; None for the one inside the package.
        workers: see ``Screener``.

    Yields:
        What became of each result, in order.

    Raises:
        BundleError: the bundle cannot be loaded.
        MissingExtraError: a runtime is not installed.
        DataError: the folder is none.
    """
    if not films.is_dir():
        raise DataError(f"{films}: there is no such folder; name the one that holds the films.")
    found = _find({one.source_sha256 for one in recorded if one.source_sha256}, films)
    for (runtime, threshold), group in groupby(recorded, lambda one: (one.runtime, one.threshold)):
        with Screener(bundle, workers=workers, runtime=runtime) as screener:
            yield from _replayed(screener, list(group), found, threshold)


def _replayed(
    screener: Screener, group: list[Recorded], found: dict[str, Path], threshold: float
) -> Iterator[Replayed]:
    hindered = [_hindrance(one, found, screener.model.sha256) for one in group]
    able = [found[str(one.source_sha256)] for one, why in zip(group, hindered, strict=True) if not why]
    fresh = screener.screen_many(able, threshold)
    tolerance = screener.selftest.tolerance if screener.selftest else TOLERANCE
    for one, why in zip(group, hindered, strict=True):
        if why:
            yield Replayed(one, Verdict.NOT_REPLAYED, why, found.get(one.source_sha256 or ""))
            continue
        film, result = found[str(one.source_sha256)], next(fresh).to_dict()
        expected = {key: getattr(one, key) for key in _COMPARED}
        if one.rule_out is not None:
            expected["rule_out"] = one.rule_out
        verdict = compare(expected | {"source_sha256": one.source_sha256}, result, tolerance)
        yield Replayed(one, verdict, _differences(expected, result), film)


def _hindrance(one: Recorded, found: dict[str, Path], model_sha256: str) -> str:
    """Why a result cannot be replayed; empty where it can."""
    if one.model_sha256 != model_sha256:
        return f"It was made with another bundle, SHA-256 {one.model_sha256[:12]}...; give that one by --bundle."
    if one.site_profile_sha256:
        return "It was made with a site profile, which a replay does not take."
    if one.source_sha256 is None:
        return "Its bytes could not be read then, so nothing tells which film it was."
    if one.source_sha256 not in found:
        return "No file has the bytes that were screened: the film is elsewhere, or was changed."
    return ""


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> str:
    return "; ".join(f"{key} {was} is now {found[key]}" for key, was in expected.items() if found[key] != was)


def _find(wanted: set[str], folder: Path) -> dict[str, Path]:
    """Find files by their SHA-256."""
    found: dict[str, Path] = {}
    for path in radiographs_below(folder):
        if len(found) == len(wanted):
            break
        try:
            digest = sha256(path)
        except (OSError, ValueError):
            continue
        if digest in wanted:
            found.setdefault(digest, path)
    return found


def _json(line: str, path: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise _no_result(path, number) from problem


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A CSV row as a JSON line has it: what is empty is null, and remarks are a list."""
    return {key: value or None for key, value in row.items()} | {"remarks": (row.get("remarks") or "").split()}


def _recorded(row: Any, path: Path, number: int) -> Recorded:
    try:
        known = {key: row[key] for key in _FIELDS & row.keys()}
        if isinstance(name := known.get("source"), str):  # of a film whose name is no UTF-8
            known["source"] = name.encode(errors="backslashreplace").decode()
        return msgspec.convert(known, Recorded, strict=False)
    except (msgspec.MsgspecError, AttributeError, UnicodeError) as problem:
        raise _no_result(path, number) from problem


def _no_result(path: Path, number: int) -> DataError:
    return DataError(f"{path}: result {number} is not one that `pneumoscope screen` wrote; give its JSON lines or CSV.")
