"""Work on many items in threads that live as long as their owner: in order, a few ahead, never all at once."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Items for each worker that may be under way or wait to be taken; bounds the memory however many items there are."""


class WorkerPool:
    """A fixed number of threads. It may be used from several threads at once; a context manager closes it.

    Attributes:
        workers: number of threads, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._executor = ThreadPoolExecutor(self.workers, thread_name_prefix="pneumoscope")

    def _submit(self, work: Callable[[Item], Result], item: Item) -> Future[Result]:
        if self._closed:
            raise RuntimeError("the pool is closed")
        if self._process != os.getpid():  # a fork has no threads but the one that forked
            self._start()
        return self._executor.submit(work, item)

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, work: Callable[[Item], Result], item: Item) -> Result:
        """Do one piece of work on a thread of the pool, and wait for it.

        Raises:
            RuntimeError: the pool is closed.
        """
        return _result(self._submit(work, item))

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply ``work`` to every item, as the built-in ``map`` does.

        Args:
            work: called on the threads; what it raises, the result's taker gets.
            items: taken one by one on the caller's thread, at most ``AHEAD * workers`` before their results are taken.

        Yields:
            The results, in the order of the items.

        Raises:
            RuntimeError: the pool is closed.
        """
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(self._submit(work, item))
                if len(waiting) >= AHEAD * self.workers:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """End the threads when they have done what they are at; what has not begun is dropped. Safe to repeat."""
        self._closed = True
        if self._process == os.getpid():
            self._executor.shutdown(cancel_futures=True)


def _result(future: Future[Result]) -> Result:
    try:
        return future.result()
    except CancelledError:
        raise RuntimeError("the pool is closed") from None
