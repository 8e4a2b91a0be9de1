"""Work on many items in threads that live as long as their owner: in order, a few ahead, never all at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="pneumoscope")

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, work: Callable[[Item], Result], item: Item) -> Result:
        """Do one piece of work on a thread of the pool, and wait for it.

        Raises:
            RuntimeError: the pool is closed.
        """
        return self._executor.submit(work, item).result()

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
                waiting.append(self._executor.submit(work, item))
                if len(waiting) >= AHEAD * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """End the threads when they have done what they are at; what has not begun is dropped. Safe to repeat."""
        self._executor.shutdown(cancel_futures=True)
