import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count, islice

import pytest

from pneumoscope.compute.pool import AHEAD, WorkerPool

FORKED = """
import os
from pneumoscope.compute.pool import WorkerPool
with WorkerPool(2) as pool:
    assert pool.call(str, 1) == "1"
    child = os.fork()
    if not child:
        os._exit(0 if pool.call(str, 2) == "2" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pool.call(str, 3) == "3"
"""


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2) as pool:
        yield pool


def test_results_come_in_the_order_of_the_items_whoever_finishes_first(pool: WorkerPool) -> None:
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_done.wait(10)
        if item == 1:
            second_done.set()
        return item * item

    assert list(pool.map(work, range(5))) == [0, 1, 4, 9, 16]


def test_endless_items_are_taken_a_few_at_a_time(pool: WorkerPool) -> None:
    taken: list[int] = []
    results = pool.map(lambda item: item, (taken.append(n) or n for n in count()))
    assert list(islice(results, 10)) == list(range(10))
    assert len(taken) <= 10 + 2 * AHEAD


def test_what_the_work_raises_reaches_the_taker_after_the_results_before_it(pool: WorkerPool) -> None:
    results = pool.map(lambda item: 1 // item, [2, 1, 0, 1])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_nothing_is_left_running_when_it_is_closed() -> None:
    before = threading.active_count()
    with WorkerPool(4) as pool:
        results = pool.map(lambda item: item, range(1000))
        next(results)
        results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    pool.close()
    with pytest.raises(RuntimeError):
        pool.call(str, 1)


def test_a_taker_that_stops_drops_what_has_not_begun() -> None:
    begun, go_on = [], threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        assert item == 0 or go_on.wait(10)

    with WorkerPool(1) as pool:
        results = pool.map(work, range(1000))
        next(results)
        results.close()  # type: ignore[attr-defined]
        go_on.set()
        pool.call(str, 1)  # comes after all that was not dropped
    assert len(begun) <= 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_gets_threads_of_its_own() -> None:
    subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED], check=True, timeout=60)


def test_whoever_waits_when_it_is_closed_hears_that() -> None:
    begun, go_on, heard = threading.Event(), threading.Event(), []

    def work(item: int) -> None:
        begun.set()
        assert go_on.wait(10)

    def call(item: int) -> None:
        try:
            pool.call(work, item)
        except RuntimeError as error:
            heard.append(str(error))

    pool = WorkerPool(1)
    callers = [threading.Thread(target=call, args=[number]) for number in range(3)]
    for caller in callers:
        caller.start()
    assert begun.wait(10)
    closing = threading.Thread(target=pool.close)
    closing.start()
    while len(heard) < 2:
        time.sleep(0.01)
    go_on.set()
    for thread in (*callers, closing):
        thread.join()
    assert heard == ["the pool is closed"] * 2
