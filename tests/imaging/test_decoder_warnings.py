import threading
import warnings

from pneumoscope.imaging.decoder_warnings import captured


def test_each_thread_hears_its_own_warnings_and_none_is_shown(recwarn, capfd) -> None:
    both_in = threading.Barrier(2, timeout=10)
    heard = {}

    def decode(name: str) -> None:
        with captured() as warned:
            both_in.wait()
            warnings.warn(f"{name} is odd", stacklevel=1)
            both_in.wait()
            heard[name] = list(warned)

    threads = [threading.Thread(target=decode, args=[name]) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"first": ["first is odd"], "second": ["second is odd"]}
    assert (len(recwarn), capfd.readouterr().err) == (0, "")


def test_a_thread_outside_keeps_its_warnings() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inside, leave = threading.Event(), threading.Event()

        def decode() -> None:
            with captured():
                inside.set()
                leave.wait(10)

        thread = threading.Thread(target=decode)
        thread.start()
        assert inside.wait(10)
        warnings.warn("mine", stacklevel=1)
        leave.set()
        thread.join()
    assert [str(warning.message) for warning in caught] == ["mine"]


def test_the_filters_are_as_before_afterwards() -> None:
    before = list(warnings.filters), warnings.showwarning
    with captured():
        assert warnings.showwarning is not before[1]
    assert (list(warnings.filters), warnings.showwarning) == before
