"""What decoders warn of: kept off the terminal, because it may quote a header, and given to who decodes."""

import ctypes
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import PIL

_captured = threading.local()  # .messages: what the decoders have said to this thread
_lock = threading.Lock()


class _HereOnly(type):
    """Counts every warning as its subclass, but only in threads that are in :func:`captured`."""

    def __subclasscheck__(cls, other: type) -> bool:
        return hasattr(_captured, "messages")


class _FromDecoder(Warning, metaclass=_HereOnly):
    """The category of a filter that other threads do not see."""


@contextmanager
def captured() -> Iterator[list[str]]:
    """Keep decoders' warnings off the user's terminal (they may quote a file's header); yield this thread's instead.

    Python's warning filters belong to the process, and ``warnings.catch_warnings`` of one thread undoes what another
    has changed meanwhile. So nothing is put back: one filter and one hook stay, and both do nothing elsewhere.
    """
    _install()
    _captured.messages = []
    try:
        yield _captured.messages
    finally:
        del _captured.messages


def _install() -> None:
    """Put our filter first and our hook in place, where somebody has changed them."""
    with _lock:
        warnings.simplefilter("always", _FromDecoder)
        shown = warnings.showwarning
        if getattr(shown, "func", None) is not _collect:
            warnings.showwarning = partial(_collect, shown)


def _collect(shown: Callable[..., None], message: Warning | str, *where: Any, **options: Any) -> None:
    if hasattr(_captured, "messages"):
        _captured.messages.append(str(message))
    else:
        shown(message, *where, **options)


_install()  # before any thread can be in a catch_warnings that would undo the first one


@cache
def quiet_libtiff() -> None:
    """Keep libtiff from writing its complaints to standard error: Pillow raises for each, and offers no switch.

    The handler belongs to the copy of libtiff that Pillow's wheel brings on Linux and macOS. Windows' wheel has it
    built in, out of reach.
    """
    wheel = Path(PIL.__file__).parent
    for path in (*wheel.with_name("pillow.libs").glob("libtiff*"), *(wheel / ".dylibs").glob("libtiff*")):
        ctypes.CDLL(str(path)).TIFFSetErrorHandler(None)
