"""``pneumoscope data audit`` and ``pneumoscope data fetch``."""

import argparse
import sys
from pathlib import Path

from pneumoscope.cli.arguments import add_manifest, manifest_form, say
from pneumoscope.cli.progress import live_progress
from pneumoscope.errors import DataError
from pneumoscope.escaping import printable
from pneumoscope.files import json_text, write_text

HELP = "Audit a data source for duplicates, leaks and shortcuts; fetch the public films."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the two actions and their options."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    audit = actions.add_parser("audit", help="write a page: counts, duplicates, leaks, shortcuts")
    audit.add_argument("source", type=Path, metavar="SOURCE", help="folder of films, or a manifest")
    audit.add_argument(
        "--out", type=Path, required=True, metavar="FILE.html", help="the page; its JSON twin goes beside it"
    )
    audit.add_argument("--json", action="store_true", help="also write the JSON to standard output")
    add_manifest(audit)
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
    from pneumoscope.data.audit.measure import measure_radiographs, read_for_display

    page: Path = args.out
    if page.suffix.lower() not in {".html", ".htm"}:
        raise DataError(f"{page}: the page is HTML, so name it .html; the JSON twin takes the same name")
    shortcuts.learner()  # say that it is missing now, not after reading thousands of films
    films = layout.load(args.source, form=manifest_form(args), say=say)
    with live_progress() as (progress, _):
        measured = measure_radiographs(films, progress)
        progress("comparing films and measuring shortcuts", 0, None)
        found = audit.audit(measured)
    twin = json_text(audit_page.as_json(found, args.source))
    html = audit_page.render(found, measured, args.source, read_for_display)
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        write_text(page, html)
        write_text(page.with_suffix(".json"), twin)
    except OSError as error:
        raise DataError(f"{page}: cannot be written ({error.strerror}); choose another --out") from error
    sys.stdout.write(twin if args.json else f"{printable(str(page))}\n")
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
