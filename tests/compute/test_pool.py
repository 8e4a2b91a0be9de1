import threading
from itertools import count, islice

import pytest

from pneumoscope.compute.pool import AHEAD, in_order


def test_results_come_in_the_order_of_the_items_whoever_finishes_first() -> None:
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_done.wait(10)
        if item == 1:
            second_done.set()
        return item * item

    assert list(in_order(work, range(5), 2)) == [0, 1, 4, 9, 16]


def test_endless_items_are_taken_a_few_at_a_time() -> None:
    taken: list[int] = []
    results = in_order(lambda item: item, (taken.append(n) or n for n in count()), 2)
    assert list(islice(results, 10)) == list(range(10))
    assert len(taken) <= 10 + 2 * AHEAD


def test_what_the_work_raises_reaches_the_taker_after_the_results_before_it() -> None:
    results = in_order(lambda item: 1 // item, [2, 1, 0, 1], 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_nothing_is_left_running_when_the_taker_stops() -> None:
    before = threading.active_count()
    results = in_order(lambda item: item, range(1000), 4)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
