"""A station that is killed at any step loses nothing that it acknowledged, and sends nothing twice."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="the extra serve is not installed")

from killed_station import ACKNOWLEDGED, POINTS
from pacs import Pacs, running, send
from stations import encode, make_film

SCRIPT = Path(__file__).parents[1] / "support" / "killed_station.py"


@contextmanager
def station(state: Path, port: int, point: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, str(SCRIPT), str(state), str(port), point]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


# pynetdicom drops the socket of a station that was killed, and leaves closing it to Python.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_nothing_is_lost_and_nothing_is_sent_twice(point: str, tmp_path: Path) -> None:
    film = make_film()
    encode(film)
    with running(Pacs()) as pacs:
        with station(tmp_path, pacs.port, point) as (process, port):
            [status] = send([film], port)
            if point == ACKNOWLEDGED:
                process.kill()
            assert process.wait(60) == -signal.SIGKILL
        if point in ("spooled", "row written", ACKNOWLEDGED):  # later steps may come before the answer or after it
            assert (status == 0) == (point == ACKNOWLEDGED)
        with station(tmp_path, pacs.port, "none") as (_, port):
            if status != 0:
                assert send([film], port) == [0]
            pacs.wait_for(2, 120)
        assert set(pacs.came.values()) == {1}
        assert pacs.kinds()["SR"] == 1
    with sqlite3.connect(tmp_path / "station.sqlite") as database:
        [films] = database.execute("SELECT count(*) FROM films").fetchone()
        [results] = database.execute("SELECT count(*) FROM results").fetchone()
    database.close()
    assert (films, results) == (1, 1)
    assert len(list((tmp_path / "spool").iterdir())) == 1
