"""Locks keep processes apart, and end with them."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from pneumoscope.errors import DataError
from pneumoscope.locks import exclusive

LOCKS = pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")

HOLD = """
import sys, time
from pathlib import Path
from pneumoscope.locks import exclusive
with exclusive(Path(sys.argv[1])) as locked:
    print(locked, flush=True)
    time.sleep(600)
"""


@LOCKS
def test_a_lock_names_the_process_that_holds_it_and_ends_with_it(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "True\n"
        with pytest.raises(DataError, match=f"{tmp_path}: process {holder.pid} on .* is at work here"), exclusive(path):
            pytest.fail("two processes hold the lock")
        holder.send_signal(signal.SIGKILL)
    assert path.exists(), "a kill leaves the file, which blocks nobody"
    with exclusive(path) as locked:
        assert locked
    assert os.listdir(tmp_path) == []


@LOCKS
def test_who_waits_for_a_lock_gets_it_though_its_file_goes_meanwhile(tmp_path):
    path, held = tmp_path / "lock", []

    def wait() -> None:
        with exclusive(path, wait=True) as locked:
            held.append((locked, path.exists()))

    with exclusive(path):
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        assert held == []
    waiting.join(10)
    assert held == [(True, True)]
