"""Optional parts: what an install without them says when it is asked for more."""

from collections.abc import Iterator
from contextlib import contextmanager

from pneumoscope.errors import MissingExtraError


@contextmanager
def needed(what: str, extra: str) -> Iterator[None]:
    """Import in this context what an optional part brings.

    Args:
        what: needs it, as the begin of a sentence.
        extra: the name of the optional part in ``pip install 'pneumoscope[extra]'``.

    Raises:
        MissingExtraError: an import failed.
    """
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(what, extra) from error
