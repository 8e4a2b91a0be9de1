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
_depth = 0  # threads in captured()
_restore = warnings.catch_warnings()


@contextmanager
def captured() -> Iterator[list[str]]:
    """Keep decoders' warnings off the user's terminal (they may quote a file's header); yield this thread's instead.

    Python's warning filters belong to the process: the first thread to enter changes them and the last to leave puts
    them back, so that threads need not wait for each other. Warnings of threads outside still reach their reader.
    """
    global _depth, _restore
    with _lock:
        if not _depth:
            _restore = warnings.catch_warnings()
            _restore.__enter__()
            shown = warnings.showwarning
            warnings.simplefilter("always")
            warnings.showwarning = partial(_collect, shown)
        _depth += 1
    _captured.messages = []
    try:
        yield _captured.messages
    finally:
        del _captured.messages
        with _lock:
            _depth -= 1
            if not _depth:
                _restore.__exit__(None, None, None)


def _collect(shown: Callable[..., None], message: Warning | str, *where: Any, **options: Any) -> None:
    if hasattr(_captured, "messages"):
        _captured.messages.append(str(message))
    else:
        shown(message, *where, **options)


@cache
def quiet_libtiff() -> None:
    """Keep libtiff from writing its complaints to standard error: Pillow raises for each, and offers no switch.

    The handler belongs to the copy of libtiff that Pillow's wheel brings on Linux and macOS. Windows' wheel has it
    built in, out of reach.
    """
    wheel = Path(PIL.__file__).parent
    for path in (*wheel.with_name("pillow.libs").glob("libtiff*"), *(wheel / ".dylibs").glob("libtiff*")):
        ctypes.CDLL(str(path)).TIFFSetErrorHandler(None)
