"""What can go wrong for a reason the user can act on."""

import os


class PneumoscopeError(Exception):
    """A failure with a message that says what was wrong, with which file, and what to do.

    The command line prints the message and exits with ``exit_code``; it never prints a traceback for one of these.
    """

    exit_code = 2


class DataError(PneumoscopeError):
    """A folder, manifest or split that cannot be used as asked."""


class BundleError(PneumoscopeError):
    """A model bundle that is missing, damaged or from an unknown schema."""


class TrainingError(PneumoscopeError):
    """Training cannot start or go on."""

    exit_code = 4


class AssuranceError(PneumoscopeError):
    """A self-test, a journal or a replay shows that something is not as it was."""

    exit_code = 5


class MissingExtraError(PneumoscopeError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part. Install it: pip install 'pneumoscope[{extra}]'")


def system_text(error: OSError, place: object) -> str:
    """What the system could not do, in one line: the file, or ``place`` where the error names none, and why."""
    return f"{error.filename or place}: {os.strerror(error.errno) if error.errno else type(error).__name__}"
