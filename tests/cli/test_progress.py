"""Progress on a terminal and in a log file."""

import os
import pty
import subprocess
import sys

import pytest

from pneumoscope.cli import progress as cli_progress
from pneumoscope.cli.progress import live_progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the time is, for the module under test."""
    now = [0.0]
    monkeypatch.setattr(cli_progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_file_gets_some_lines_a_minute_with_the_time_left(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with live_progress() as (progress, say):
        say("begun")
        for second in range(181):
            clock[0] = float(second)
            progress("screening", 20 * (second + 1), 7240)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "begun"
    assert len(lines) == 1 + 6
    assert lines[2] == "screening: 1,220 of 7,240, 5 min left"


def test_a_new_task_is_timed_from_its_own_begin(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with live_progress(in_bytes=True) as (progress, _):
        clock[0] = 1000.0
        progress("fetching", 0, 8_000_000)
        clock[0] = 1040.0
        progress("fetching", 4_000_000, 8_000_000)
        clock[0] = 1080.0
        progress("unpacking", 0, None)
    assert capsys.readouterr().err.splitlines() == [
        "fetching: 0 of 8 MB",
        "fetching: 4 of 8 MB, 40 s left",
        "unpacking: 0 MB",
    ]


@pytest.mark.parametrize("steps", [100, 1000], ids=["more of it", "fewer of it"])
def test_a_task_that_begins_with_a_batch_is_timed_from_its_own_begin(
    clock: list[float], capsys: pytest.CaptureFixture[str], steps: int
) -> None:
    with live_progress() as (progress, _):
        for step in range(1, steps + 1):
            clock[0] = 10_000.0 * step / steps
            progress(f"training, loss {step}", step, steps)
        capsys.readouterr()
        for batch in range(1, 5):
            clock[0] += 20.0
            progress("validating", 200 * batch, 1000)
    timed = [line for line in capsys.readouterr().err.splitlines() if line.endswith("left")]
    assert timed
    assert set(timed) <= {f"validating: {done} of 1,000, {(1000 - done) // 10} s left" for done in (400, 600, 800)}


def test_what_is_over_soon_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with live_progress() as (progress, _):
        for done in range(100):
            progress("screening", done, 100)
    assert capsys.readouterr().err == ""


SAY = """
from pneumoscope.cli.progress import live_progress
with live_progress() as (progress, say):
    for epoch in range(1, 31):
        progress(f"[frozen] {epoch}/30", epoch, 30)
        say(f"frozen [bold] epoch {epoch}: loss")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_shows_every_line_that_is_said() -> None:
    master, slave = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", SAY], stderr=slave, env=os.environ | {"TERM": "xterm"}) as saying:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # the other end is closed
                break
            shown += piece
        assert saying.wait(60) == 0
    os.close(master)
    missing = [epoch for epoch in range(1, 31) if f"frozen [bold] epoch {epoch}: loss".encode() not in shown]
    assert not missing
