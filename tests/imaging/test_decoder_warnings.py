import threading
import warnings

import pytest

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


def test_catch_warnings_of_another_thread_and_ours_leave_each_other_alone(capfd) -> None:
    """Each enters while the other is inside and leaves before it, which two ``catch_warnings`` cannot do."""

    def decode() -> None:
        with captured() as warned:
            inside.set()
            assert other_left.wait(10)
            warnings.warn("quotes a header", UserWarning, stacklevel=1)
            heard.extend(warned)
        we_left.set()

    with captured():
        pass  # pytest has taken away for this test what stays in place in a program
    for other_first in (True, False):
        inside, other_left, we_left, heard = threading.Event(), threading.Event(), threading.Event(), list[str]()
        thread = threading.Thread(target=decode)
        if not other_first:
            thread.start()
            assert inside.wait(10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if other_first:
                thread.start()
                assert inside.wait(10)
            else:
                other_left.set()
                assert we_left.wait(10)
                warnings.warn("still ignored", DeprecationWarning, stacklevel=1)
        other_left.set()
        thread.join()
        assert heard == ["quotes a header"]
    assert capfd.readouterr().err == ""


def test_a_warning_is_an_error_again_afterwards() -> None:
    with captured():
        pass
    with pytest.raises(UserWarning, match="odd"):
        warnings.warn("odd", UserWarning, stacklevel=1)


def test_a_hook_of_somebody_else_is_asked_outside(monkeypatch) -> None:
    heard = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: heard.append(str(message)))
    with captured() as warned:
        warnings.warn("ours", stacklevel=1)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("theirs", stacklevel=1)
    assert (warned, heard) == (["ours"], ["theirs"])
