"""The ``pneumoscope`` command: thin commands over the rooms.

Exit codes: 0 done; 2 wrong usage or unusable input; 3 some films not assessed; 4 training stopped; 5 a check
failed: self-test, journal, replay or site; 130 interrupted.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from pneumoscope import __version__
from pneumoscope.errors import PneumoscopeError
from pneumoscope.escaping import printable, printable_lines

COMMANDS = (
    "demo",
    "screen",
    "site",
    "serve",
    "info",
    "selftest",
    "journal",
    "replay",
    "data",
    "train",
    "sweep",
    "report",
    "export",
    "envelope",
    "quantize",
    "evaluate",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; failures the user can act on end in one message, not a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show loses no result
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except PneumoscopeError as error:
        sys.stderr.write(f"pneumoscope: {printable_lines(str(error))}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("pneumoscope: interrupted\n")
        return 130
    except BrokenPipeError:
        _silence()
        return 0
    except OSError as error:
        if error.filename is None:  # a stream, such as standard output on a full disk
            _silence()
        place = os.fspath(error.filename) if isinstance(error.filename, str | os.PathLike) else "a file or the output"
        sys.stderr.write(f"pneumoscope: {printable(_shortened(place))}: {error.strerror or type(error).__name__}\n")
        return 2
    return code


class _Parser(argparse.ArgumentParser):
    """One whose complaints do not steer the terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(printable_lines(message))


def _silence() -> None:
    """Give up standard output, so that the interpreter does not fail on it once more at its end."""
    with suppress(io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _shortened(name: str) -> str:
    return name if len(name) <= 200 else f"{name[:100]} ... {name[-50:]}"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pneumoscope",
        description="Screen chest radiographs for pneumonia. Research use; not a medical device.",
        epilog="Exit codes: 0 done, 2 wrong input, 3 some films not assessed, 4 training stopped, 5 a check failed, "
        "130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"pneumoscope {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = import_module(f"pneumoscope.cli.{name}")
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.configure(command)
        command.set_defaults(run=module.run)
    return parser
