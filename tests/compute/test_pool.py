import threading
from collections.abc import Iterator
from itertools import count, islice

import pytest

from pneumoscope.compute.pool import AHEAD, WorkerPool


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
