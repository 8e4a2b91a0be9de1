"""Large screenings on a real, small Ray cluster: nothing lost and nothing doubled, whatever is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from PIL import Image
from tiny import film

from pneumoscope.cli import main
from pneumoscope.compute.ray_cluster import ray_cluster as cluster
from pneumoscope.errors import DataError
from pneumoscope.screening.record import FIELDS
from pneumoscope.screening.screener import Screener
from pneumoscope.screening.sources.listing import ListedFilm

if not (find_spec("ray") and find_spec("pyarrow")):
    pytest.skip("Ray is not installed: pip install 'pneumoscope[scale]'", allow_module_level=True)

import pyarrow.parquet as pq

from pneumoscope.screening.batch.distributed import BatchOptions, DistributedScreening
from pneumoscope.screening.output.summary import Counts

INTERRUPTED = """\
pneumoscope: finished parts are kept; the same command goes on from there
pneumoscope: interrupted
"""


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[int]:
    with cluster(None, 2) as cpus:
        yield cpus


@pytest.fixture
def order(tiny_bundle: Path, tmp_path: Path) -> BatchOptions:
    return BatchOptions(str(tmp_path / "out"), tiny_bundle, part_size=7)


def rows(out: Path) -> list[dict[str, Any]]:
    """All results, in the order of the list."""
    read = [row for part in sorted((out / "results").glob("*")) for row in pq.read_table(part).to_pylist()]
    return [timeless(row | {"listed": dict(row["listed"])}) for row in read]


def distributed(names: Sequence[str], order: BatchOptions) -> DistributedScreening:
    """A screening of films that no list named."""
    return DistributedScreening([ListedFilm(name) for name in names], order)


def timeless(row: dict[str, Any]) -> dict[str, Any]:
    """A record without the time at which it was made."""
    return {key: value for key, value in row.items() if key != "time"}


def expected(bundle: Path, films: Sequence[Path]) -> list[dict[str, Any]]:
    """What one process says of the films."""
    return [timeless(result.to_dict()) for result in Screener(bundle, workers=1).screen_many(films)]


def family(pid: int, title: str = "") -> list[int]:
    """The processes below one whose title contains ``title``."""
    import psutil  # Ray brings it

    return [child.pid for child in psutil.Process(pid).children(recursive=True) if title in child.name()]


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for does not."""
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def kill_workers(stop: threading.Event) -> None:
    """Kill every worker that begins a part: its title then names the method."""
    while not stop.wait(0.1):
        for worker in family(os.getpid(), ".submit"):
            os.kill(worker, signal.SIGKILL)


def start(command: list[str]) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "pneumoscope", *command]
    return subprocess.Popen(line, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True)


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until, "waited for a minute"
        time.sleep(0.05)


def test_results_are_those_of_one_process(
    ray_cluster: int, order: BatchOptions, films: list[Path], acceptance: Path, tmp_path: Path
) -> None:
    mixed = [*films, *sorted(acceptance.iterdir()), tmp_path / "gone.png"]
    counts = list(distributed(list(map(str, mixed)), order).run())
    assert counts[0] == Counts()
    assert counts[-1] == Counts(
        26, pneumonia=sum(r["finding"] == "pneumonia" for r in rows(tmp_path / "out")), not_assessed=5
    )
    assert [count.total for count in counts] == sorted(count.total for count in counts)
    assert rows(tmp_path / "out") == expected(order.bundle, mixed)
    first = pq.read_table(tmp_path / "out" / "results" / "part-000000.parquet")
    assert first.column_names == list(FIELDS)
    assert first.num_rows == 7


def test_films_by_uri_give_the_same_results(
    ray_cluster: int,
    tiny_bundle: Path,
    films: list[Path],
    acceptance: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    command = ["screen", tmp_path.as_uri(), "--engine", "ray", "--out", out.as_uri(), "--bundle", str(tiny_bundle)]
    assert main(command) == 3
    said, complained = capsys.readouterr()
    assert said.startswith("25 films: 12 pneumonia, 9 normal, 4 not assessed. Operating point balanced (")
    told = [line for line in complained.splitlines() if not line.startswith("screening: ")]  # of a slow machine
    assert told == [f"wrote {out.as_uri()}"]
    here = [*sorted(acceptance.iterdir()), *films]
    by_path = [record | {"source": Path(str(record["source"])).as_uri()} for record in expected(tiny_bundle, here)]
    assert rows(out) == by_path


def test_what_cannot_be_fetched_is_not_assessed(ray_cluster: int, order: BatchOptions, films: list[Path]) -> None:
    folder = films[0].parent
    named = [f"{folder.as_uri()}/gone.png", folder.as_uri(), films[19].as_uri(), "s3://a:b@bucket/film.png"]
    list(distributed(named, order).run())
    assert [(row["reason"], row["finding"]) for row in rows(Path(order.out))] == [
        ("not_found", None), ("unreadable", None), (None, "pneumonia"), ("unreadable", None),
    ]  # fmt: skip


def test_only_what_is_missing_or_damaged_is_screened_again(
    ray_cluster: int, order: BatchOptions, films: list[Path]
) -> None:
    names = list(map(str, films))
    list(distributed(names, order).run())
    before = rows(Path(order.out))
    parts = sorted((Path(order.out) / "results").iterdir())
    kept = parts[0].stat().st_mtime_ns
    parts[1].unlink()
    parts[2].write_bytes(parts[2].read_bytes()[:-40])
    again = [counts.total for counts in distributed(names, order).run()]
    assert again[0] == 7
    assert again[-1] == 20
    assert rows(Path(order.out)) == before
    assert parts[0].stat().st_mtime_ns == kept
    assert sorted((Path(order.out) / "results").iterdir()) == parts


def test_a_finished_screening_needs_no_cluster(order: BatchOptions, films: list[Path]) -> None:
    names = list(map(str, films))
    screening = distributed(names, order)
    (Path(order.out) / "results").mkdir()
    for part in range(screening.job.parts):
        records = expected(order.bundle, films)[part * 7 : part * 7 + 7]
        screening._folder.write(part, records)
    [counts] = distributed(names, order).run(address="127.0.0.1:9")
    assert counts.total == 20


def test_what_a_list_says_comes_through(ray_cluster: int, order: BatchOptions, films: list[Path]) -> None:
    named = [ListedFilm(str(film), {"ward": f"W{number}"}) for number, film in enumerate(films)]
    list(DistributedScreening(named, order).run())
    assert [row["listed"] for row in rows(Path(order.out))] == [film.listed for film in named]
    with pytest.raises(DataError, match="films_sha256"):
        DistributedScreening([replace(film, listed={"ward": "W0"}) for film in named], order)


def test_another_job_is_refused(order: BatchOptions, films: list[Path], tmp_path: Path) -> None:
    names = list(map(str, films))
    distributed(names, order)
    with pytest.raises(DataError, match="films_sha256"):
        distributed([*names[1:], names[0]], order)
    with pytest.raises(DataError, match="operating_point, threshold"):
        distributed(names, replace(order, operating_point="0.3"))
    with pytest.raises(DataError, match="part_size"):
        distributed(names, replace(order, part_size=8))
    distributed(names, order)
    with pytest.raises(DataError, match="not empty"):
        distributed(names, replace(order, out=str(films[0].parent)))
    (Path(order.out) / "job.json").write_text("{")
    with pytest.raises(DataError, match=r"job.json is damaged"):
        distributed(names, order)


def test_a_killed_worker_loses_and_doubles_nothing(ray_cluster: int, order: BatchOptions, films: list[Path]) -> None:
    names = [str(path) for path in films * 60]
    screening = distributed(names, replace(order, part_size=100))
    run = screening.run()
    assert next(run).total == 0
    assert next(run).total == 100
    workers = family(os.getpid(), "MapWorker")
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    assert [counts.total for counts in run][-1] == 1200
    assert rows(Path(order.out)) == expected(order.bundle, films) * 60


def test_a_part_that_kills_every_worker_is_given_up_and_tried_by_the_next_call(
    ray_cluster: int, order: BatchOptions, films: list[Path]
) -> None:
    names = [str(path) for path in films * 180]  # so long a part that no worker ends it before it is seen and killed
    screening = distributed(names, replace(order, part_size=3600))
    stop = threading.Event()
    killer = threading.Thread(target=kill_workers, args=(stop,))
    killer.start()
    try:
        with pytest.raises(DataError, match=r"3600 of 3600 films have no result yet\. Workers died"):
            list(screening.run())
    finally:
        stop.set()
        killer.join()
    assert [counts.total for counts in screening.run()] == [0, 3600]


def test_a_fault_of_one_part_is_told_when_the_others_are_done(
    ray_cluster: int, order: BatchOptions, films: list[Path]
) -> None:
    screening = distributed([str(path) for path in films], order)
    in_the_way = Path(order.out) / "results" / "part-000001.parquet"
    in_the_way.mkdir(parents=True)
    with pytest.raises(DataError, match=r"7 of 20 films have no result yet.*part-000001") as told:
        list(screening.run())
    assert "The same command tries them again." in str(told.value)
    in_the_way.rmdir()
    assert [counts.total for counts in screening.run()] == [13, 20]


def test_a_fault_of_the_folder_names_it(order: BatchOptions, films: list[Path]) -> None:
    screening = distributed([str(path) for path in films], order)
    (Path(order.out) / "results").write_text("in the way")
    with pytest.raises(DataError, match=order.out):
        next(screening.run())
    with pytest.raises(DataError, match="results"):
        distributed(["film.png"], replace(order, out=f"{order.out}/results/below"))


def test_a_worker_with_another_bundle_stops_it(
    ray_cluster: int, order: BatchOptions, films: list[Path], make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    bundle = make_bundle(tmp_path / "changing.onnx", {})
    screening = distributed([str(path) for path in films], replace(order, bundle=bundle))
    make_bundle(bundle, {"version": "0.0.2"})
    with pytest.raises(DataError, match="another model bundle"):
        list(screening.run())


def test_ctrl_c_and_a_killed_driver_only_interrupt(ray_cluster: int, tiny_bundle: Path, tmp_path: Path) -> None:
    Image.fromarray(film(150, 1500, 1500)).save(tmp_path / "film.png")
    (tmp_path / "films.csv").write_text("path\n" + "film.png\n" * 640)
    results = tmp_path / "out" / "results"
    command = ["screen", str(tmp_path / "films.csv"), "--engine", "ray", "--out", str(results.parent)]
    command += ["--bundle", str(tiny_bundle), "--workers", "1"]

    def finished() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in results.glob("part-*")}

    for sent, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        before = finished()
        driver = start(command)
        wait_for(lambda before=before: len(finished()) > len(before))
        workers = family(driver.pid, "MapWorker")
        os.killpg(driver.pid, sent) if sent == signal.SIGINT else driver.kill()
        out, err = driver.communicate(timeout=60)
        assert (driver.returncode, out) == (code, "")
        assert err == ("" if sent == signal.SIGKILL else INTERRUPTED)
        assert workers
        wait_for(lambda workers=workers: not any(map(alive, workers)))
        assert before.items() <= finished().items()
    kept = finished()
    assert 0 < len(kept) < 40
    assert main(command) == 0
    assert kept.items() <= finished().items()
    found = rows(results.parent)
    assert [row["source"] for row in found] == [str(tmp_path / "film.png")] * 640
    assert {row["finding"] for row in found} == {"pneumonia"}


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        (["--engine", "ray"], "--out"),
        (["--engine", "ray", "--out", "out", "--csv", "x.csv"], "--csv goes with --engine local"),
        (["--out", "out"], "--out goes with --engine ray"),
        (["--ray-address", "auto"], "--ray-address goes with --engine ray"),
        (["s3://bucket/films"], "URI"),
    ],
)
def test_options_that_do_not_go_together(extra: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", "film.png", *extra]) == 2
    assert named in capsys.readouterr().err
