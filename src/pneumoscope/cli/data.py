"""``pneumoscope data audit`` and ``pneumoscope data fetch``."""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pneumoscope.cli.progress import live_progress
from pneumoscope.errors import DataError
from pneumoscope.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pneumoscope.data.audit.audit import Measured, Unreadable
    from pneumoscope.data.audit.marks import Marks
    from pneumoscope.data.labelled import LabelledRadiograph

HELP = "Audit a data source for duplicates, leaks and shortcuts; fetch the public films."

_THUMBNAIL = 64
_DISPLAY = 168


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the two actions and their options."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    audit = actions.add_parser("audit", help="write a page: counts, duplicates, leaks, shortcuts")
    audit.add_argument("source", type=Path, metavar="SOURCE", help="folder of films or manifest CSV")
    audit.add_argument(
        "--out", type=Path, required=True, metavar="FILE.html", help="the page; its JSON twin goes beside it"
    )
    audit.add_argument("--json", action="store_true", help="also write the JSON to standard output")
    audit.set_defaults(action=_audit)
    fetch = actions.add_parser("fetch", help="bring the public release (1.2 GB, CC BY 4.0)")
    fetch.add_argument("--out", type=Path, required=True, metavar="DIR", help="new or empty folder for the films")
    fetch.add_argument(
        "--source", choices=("kaggle", "mendeley"), default="kaggle", help="where from (default: kaggle)"
    )
    fetch.set_defaults(action=_fetch)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 0 done, 3 when the audit met films that cannot be read."""
    code: int = args.action(args)
    return code


def _audit(args: argparse.Namespace) -> int:
    from pneumoscope.data import layout
    from pneumoscope.data.audit import audit, shortcuts
    from pneumoscope.data.audit import page as audit_page

    page: Path = args.out
    if page.suffix.lower() not in {".html", ".htm"}:
        raise DataError(f"{page}: the page is HTML, so name it .html; the JSON twin takes the same name")
    shortcuts.learner()  # say that it is missing now, not after reading thousands of films
    films = layout.load(args.source)
    with live_progress() as (progress, _):
        measured = _measure(films, progress)
        progress("comparing films and measuring shortcuts", 0, None)
        found = audit.audit(measured)
    twin = json.dumps(audit_page.as_json(found, args.source), indent=2) + "\n"
    html = audit_page.render(found, measured, args.source, _picture)
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(html, encoding="utf-8")
        page.with_suffix(".json").write_text(twin, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{page}: cannot be written ({error.strerror}); choose another --out") from error
    sys.stdout.write(twin if args.json else f"{page}\n")
    return 3 if found.unreadable else 0


def _fetch(args: argparse.Namespace) -> int:
    from pneumoscope.data.public import fetch

    if args.source == "kaggle":
        fetched = fetch.from_kaggle(args.out)  # kagglehub draws its own bar
    else:
        with live_progress(in_bytes=True) as (progress, _):
            fetched = fetch.from_mendeley(args.out, progress)
    sys.stdout.write(f"{fetched.films:,} films in {args.out}, from {fetched.source} ({fetched.licence})\n")
    return 0


class _Look(NamedTuple):
    """What is kept of one film that was read."""

    digest: str
    file_bytes: int
    dimensions: tuple[int, ...]
    sharpness: float
    thumbnail: "NDArray[np.uint8]"
    marks: "Marks"


def _look(film: "LabelledRadiograph") -> "_Look | Unreadable":
    from pneumoscope.data.audit.audit import Unreadable
    from pneumoscope.data.audit.marks import find_marks
    from pneumoscope.data.audit.shortcuts import laplacian_variance
    from pneumoscope.imaging import NotAssessedError, read, to_input

    try:
        radiograph = read(film.path)
    except NotAssessedError as error:
        return Unreadable(film, str(error.refusal.reason), error.refusal.detail)
    seen = to_input(radiograph)  # the thumbnail is made from it, not from a film that may be a hundred times larger
    thumbnail = to_input(replace(radiograph, pixels=seen), _THUMBNAIL)
    size, shape = film.path.stat().st_size, radiograph.pixels.shape
    return _Look(radiograph.sha256, size, shape, laplacian_variance(seen), thumbnail, find_marks(seen))


def _measure(films: "list[LabelledRadiograph]", progress: Progress) -> "Measured":
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    from pneumoscope.data.audit.audit import Measured, Unreadable

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = []
        for look in pool.map(_look, films):
            looks.append(look)
            progress("reading films", len(looks), len(films))
    good = [(film, look) for film, look in zip(films, looks, strict=True) if isinstance(look, _Look)]
    return Measured(
        films=[film for film, _ in good],
        digests=[look.digest for _, look in good],
        file_bytes=np.array([look.file_bytes for _, look in good], dtype=np.int64),
        dimensions=np.array([look.dimensions for _, look in good], dtype=np.int64).reshape(-1, 2),
        sharpness=np.array([look.sharpness for _, look in good], dtype=np.float64),
        thumbnails=np.array([look.thumbnail for _, look in good], dtype=np.uint8).reshape(-1, _THUMBNAIL, _THUMBNAIL),
        marks=[look.marks for _, look in good],
        unreadable=[look for look in looks if isinstance(look, Unreadable)],
    )


def _picture(path: Path) -> "NDArray[np.uint8]":
    """A film for display on the page."""
    from pneumoscope.imaging import read, to_input

    return to_input(read(path), _DISPLAY)
