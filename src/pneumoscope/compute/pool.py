"""Work on many items in threads: in order, a few ahead, never all at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Items for each worker that may be under way or wait to be taken; bounds the memory however many items there are."""


def in_order(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Apply ``work`` to every item, as ``map`` does, with ``workers`` threads.

    Args:
        work: called in the threads; what it raises, the result's taker gets.
        items: taken one by one, at most ``AHEAD * workers`` before their results are asked for.
        workers: number of threads.

    Yields:
        The results, in the order of the items.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="pneumoscope")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
