"""``pneumoscope serve``."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumoscope.cli.arguments import add_bundle, whole_number
from pneumoscope.errors import DataError

if TYPE_CHECKING:
    from pneumoscope.serving.settings import Settings

HELP = "Run the station: a web page, a REST service and a DICOM node, on this machine."

_ROLES = ("reader", "physicist", "administrator")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="a TOML file (docs/station.md); options here come before it"
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="for films, results and the database (default: pneumoscope-station)"
    )
    parser.add_argument("--host", help="address of the web server (default: 127.0.0.1, this machine only)")
    parser.add_argument("--port", type=whole_number(0), help="of the web server (default: 8010; 0 for a free one)")
    parser.add_argument(
        "--watch", type=Path, metavar="DIR", help="take and remove the films that come into this folder"
    )
    parser.add_argument("--site", type=Path, metavar="FILE", help="a site profile, see `pneumoscope site freeze`")
    add_bundle(parser)
    parser.add_argument(
        "--workers", type=whole_number(1), metavar="N", help="films judged at once (default: the cores)"
    )
    node = parser.add_argument_group("DICOM node", "it is on where one of these is given, or the settings have [dicom]")
    node.add_argument("--dicom-port", type=whole_number(0), metavar="PORT", help="default: 11112; 0 for a free one")
    node.add_argument("--dicom-host", metavar="HOST", help="default: 127.0.0.1, this machine only")
    node.add_argument("--ae-title", metavar="AE", help="default: PNEUMOSCOPE")
    node.add_argument(
        "--caller", action="append", metavar="AE", help="an AE title that may send; again for another one"
    )
    people = parser.add_argument_group("accounts", "needed where others than this machine reach the station")
    people.add_argument(
        "--add-account", metavar="NAME", help="ask for a password, make the account or change it, and end"
    )
    people.add_argument("--role", choices=_ROLES, default="reader", help="of that account (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Serve until it is stopped."""
    from pneumoscope.extras import needed

    with needed("pneumoscope serve", "serve"):
        import argon2  # noqa: F401
        import fastapi  # noqa: F401
        import pydicom  # noqa: F401
        import uvicorn  # noqa: F401
    settings = _settings(options)
    if options.add_account:
        return _add_account(settings, options.add_account, options.role)
    from pneumoscope.serving.web.server import serve

    return serve(settings, _say)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _settings(options: argparse.Namespace) -> "Settings":
    """The settings of the file, and what the command line says instead."""
    from pneumoscope.serving.settings import Settings, read_settings

    settings = read_settings(options.settings) if options.settings else Settings()
    settings = _changed(settings, state=options.state, bundle=options.bundle, site=options.site, watch=options.watch)
    settings = _changed(settings, workers=options.workers)
    settings = replace(settings, web=_changed(settings.web, host=options.host, port=options.port))
    return _with_node(settings, options)


def _changed(part: Any, **said: object) -> Any:
    return replace(part, **{name: value for name, value in said.items() if value is not None})


def _with_node(settings: "Settings", options: argparse.Namespace) -> "Settings":
    from pneumoscope.serving.dicom.node import Caller, DicomSettings

    given = (options.dicom_port, options.dicom_host, options.ae_title, options.caller)
    if settings.dicom is None and all(value is None for value in given):
        return settings
    callers = tuple(map(Caller, options.caller)) if options.caller else None
    node = _changed(
        settings.dicom or DicomSettings(),
        port=options.dicom_port,
        host=options.dicom_host,
        ae_title=options.ae_title,
        callers=callers,
    )
    return replace(settings, dicom=node)


def _add_account(settings: "Settings", name: str, role: str) -> int:
    from pneumoscope.files import make_folder
    from pneumoscope.serving.store.database import Database
    from pneumoscope.serving.store.people import People, Role

    make_folder(settings.state)
    database = Database(settings.state / "station.sqlite")
    try:
        People(database).put_account(name, Role(role), _password())
    finally:
        database.close()
    _say(f"{name} is {role} now.")
    return 0


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    from getpass import getpass

    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        raise DataError("These were two different passwords; nothing was changed.")
    return password
