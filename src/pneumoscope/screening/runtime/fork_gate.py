"""Keeps a process from forking in the middle of an inference.

A runtime holds locks of its own for moments of every inference. A process that is forked then inherits them locked, and
its first inference would wait for ever: the thread that held them is not there.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ForkGate:
    """Lets threads run. A fork waits until none does, and until it is done nobody begins."""

    def __init__(self) -> None:
        """Watch the forks of this process, as long as it lives."""
        self._door, self._ended, self._running = threading.RLock(), threading.Condition(), set[int]()
        if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
            reopen = self._door.release
            os.register_at_fork(before=self._close, after_in_parent=reopen, after_in_child=reopen)

    @contextmanager
    def running(self) -> Iterator[None]:
        """No fork happens in the context, but one by the same thread. Not to be nested."""
        me = threading.get_ident()
        with self._door:
            self._running.add(me)
        try:
            yield
        finally:
            with self._ended:
                self._running.discard(me)
                self._ended.notify_all()

    def _close(self) -> None:
        self._door.acquire()
        with self._ended:
            self._ended.wait_for(lambda: not self._running - {threading.get_ident()})
