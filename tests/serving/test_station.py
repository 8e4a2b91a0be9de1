"""The way of a film through a station, with the released bundle and real peers."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest

pytest.importorskip("pynetdicom", reason="the extra serve is not installed")

from pacs import Pacs, running, send
from stations import SAMPLES, encode, make_film

from pneumoscope.errors import DataError
from pneumoscope.serving.dicom.node import DicomSettings
from pneumoscope.serving.settings import Settings, TargetSettings
from pneumoscope.serving.spool import SpoolFullError
from pneumoscope.serving.station import Station
from pneumoscope.serving.store.films import Origin
from pneumoscope.serving.store.results import Filters

PICTURE = SAMPLES / "synthetic-bacterial-1.png"


def wait(until: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


def settings(state: Path, target: Path | None = None, **more: object) -> Settings:
    targets = (TargetSettings("share", "folder", ("sr", "sc", "json"), {"path": str(target)}),) if target else ()
    return Settings(state, workers=2, targets=targets, **more)  # type: ignore[arg-type]


def done(station: Station) -> int:
    return station.films.counts()["done"]


def test_a_film_becomes_a_result_a_journal_line_and_files_at_the_target(tmp_path: Path) -> None:
    film = encode(make_film())
    with Station(settings(tmp_path / "state", tmp_path / "share")) as station:
        received, new = station.intake.accept(film, Origin.DICOM, caller="CT1")
        wait(lambda: sum(path.suffix in (".dcm", ".json") for path in (tmp_path / "share").glob("*")) == 3)
        [(stored, result)], total = station.results.page(Filters())
        assert (new, total, stored.id, stored.state) == (True, 1, received.id, "done")
        assert result
        assert result.record["finding"] == "pneumonia"
        assert result.record["sop_instance_uid"] == received.sop_uid
        assert result.extra["means"]
        assert (station.folder / result.id / "preview.png").exists()
        wait(lambda: not station.outbox.oldest_waiting())
        assert all(part.well for part in station.health())
    [journal] = (tmp_path / "state" / "journal").iterdir()
    assert len(journal.read_text().splitlines()) == 2
    assert "SYN1" not in journal.read_text()
    reports = [pydicom.dcmread(path) for path in (tmp_path / "share").glob("*.dcm")]
    assert {one.StudyInstanceUID for one in reports} == {make_film().StudyInstanceUID}


def test_the_same_film_ten_times_at_once_is_one_film_one_result_and_one_report(tmp_path: Path) -> None:
    film = make_film()
    encode(film)
    with running(Pacs()) as pacs:
        config = {"host": "127.0.0.1", "port": pacs.port, "called": "PACS"}
        target = TargetSettings("PACS", "dicom", ("sr",), config)
        node = DicomSettings(port=0, any_caller=True)
        with Station(Settings(tmp_path, workers=2, dicom=node, targets=(target,))) as station:
            assert station.node
            statuses: list[int | None] = []
            port = station.node.port
            senders = [threading.Thread(target=lambda: statuses.extend(send([film], port))) for _ in range(10)]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            assert statuses == [0] * 10
            pacs.wait_for(1)
            wait(lambda: done(station) == 1)
            [(stored, _)], total = station.results.page(Filters())
            assert (total, stored.resent) == (1, 9)
            assert len(list(station.spool.folder.iterdir())) == 1
        assert list(pacs.came.values()) == [1]


def test_the_same_uid_with_other_pixels_is_kept_and_marked(tmp_path: Path) -> None:
    with Station(settings(tmp_path)) as station:
        first, _ = station.intake.accept(encode(make_film()), Origin.DICOM)
        second, new = station.intake.accept(encode(make_film(PatientAge="005Y")), Origin.DICOM)
        wait(lambda: done(station) == 2)
    assert (new, first.conflict, second.conflict) == (True, 0, 1)
    assert first.sop_uid == second.sop_uid


def test_a_bad_file_is_a_result_with_a_reason_and_an_empty_one_is_refused(tmp_path: Path) -> None:
    with Station(settings(tmp_path)) as station:
        station.intake.accept(b"no picture", Origin.PAGE, name="letter.txt")
        with pytest.raises(DataError, match="empty"):
            station.intake.accept(b"", Origin.PAGE)
        wait(lambda: done(station) == 1)
        [(_, result)], _ = station.results.page(Filters(finding="not_assessed"))
    assert result
    assert (result.record["reason"], result.record["source"]) == ("not_an_image", "letter.txt")


def test_a_result_that_a_pacs_sends_back_is_no_film(tmp_path: Path) -> None:
    with Station(settings(tmp_path / "state", tmp_path / "share")) as station:
        station.intake.accept(encode(make_film()), Origin.DICOM)
        wait(lambda: len(list((tmp_path / "share").glob("*.dcm"))) == 2)
        for path in (tmp_path / "share").glob("*.dcm"):
            with pytest.raises(DataError, match="a result of this program"):
                station.intake.accept(path.read_bytes(), Origin.DICOM)
        assert sum(station.films.counts().values()) == 1


def test_a_film_whose_class_is_none_of_radiographs_gets_json_only(tmp_path: Path) -> None:
    with Station(settings(tmp_path / "state", tmp_path / "share")) as station:
        station.intake.accept(encode(make_film(StudyInstanceUID=None)), Origin.PAGE)
        wait(lambda: len(list((tmp_path / "share").glob("*.json"))) == 1)
        assert not list((tmp_path / "share").glob("*.dcm"))


def test_a_full_disk_takes_no_film_and_loses_none(tmp_path: Path) -> None:
    with Station(settings(tmp_path)) as station:
        station.intake.accept(PICTURE.read_bytes(), Origin.PAGE)
        station.spool.free = 2**60
        with pytest.raises(SpoolFullError, match="nearly full"):
            station.intake.accept(encode(make_film()), Origin.PAGE)
        assert not next(part for part in station.health() if part.name == "disk").well
        station.spool.free = 0
        station.intake.accept(encode(make_film()), Origin.PAGE)
        wait(lambda: done(station) == 2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may mount no file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_is_really_full_loses_nothing_that_was_acknowledged(
    small_disk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    films = [make_film(number) for number in range(16)]
    node = DicomSettings(port=0, any_caller=True)
    target = TargetSettings("share", "folder", ("sr",), {"path": str(tmp_path / "share")})
    with Station(Settings(small_disk / "state", workers=1, free=0, dicom=node, targets=(target,))) as station:
        assert station.node
        filler = small_disk / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - 2**19))
        first = send(films, station.node.port)
        assert set(first) == {0, 0xA700}, "some are taken, the others are refused as out of resources"
        wait(lambda: "tried again" in caplog.text)
        assert len(list(station.folder.iterdir())) <= done(station) + 1, "what was half written is gone"
        filler.unlink()
        again = [film for film, status in zip(films, first, strict=True) if status]
        assert set(send(again, station.node.port)) == {0}
        wait(lambda: done(station) == len(films), 120)
        wait(lambda: not station.outbox.oldest_waiting())
        assert station.films.counts()["failed"] == 0
    assert len(list((tmp_path / "share").glob("*.dcm"))) == len(films)


# pynetdicom drops the socket of a connection that was refused, and leaves closing it to Python.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_waits_while_a_target_is_down_arrives_once_when_it_is_back(tmp_path: Path) -> None:
    films = [make_film(number) for number in range(12)]
    pacs = Pacs()
    with running(pacs):
        pass  # it has a port, and is down
    config = {"host": "127.0.0.1", "port": pacs.port, "called": "PACS", "timeout": 2.0}
    target = TargetSettings("PACS", "dicom", ("sr", "sc"), config)
    with Station(Settings(tmp_path, workers=2, targets=(target,))) as station:
        for film in films:
            station.intake.accept(encode(film), Origin.DICOM)
        wait(lambda: done(station) == len(films), 120)
        wait(lambda: station.outbox.targets()[0].failures > 0)
        assert not next(part for part in station.health() if part.name == "targets").well
        with running(pacs):
            station.outbox.note_test(station.outbox.targets()[0].id, "")
            station.sender.wake()
            pacs.wait_for(2 * len(films), 120)
            wait(lambda: not station.outbox.oldest_waiting())
    assert set(pacs.came.values()) == {1}


def test_two_stations_do_not_share_a_folder(tmp_path: Path) -> None:
    with Station(settings(tmp_path)), pytest.raises(DataError, match="at work here"):
        Station(settings(tmp_path))


def test_a_watched_folder_is_emptied_and_what_is_no_film_is_put_aside(tmp_path: Path) -> None:
    watched = tmp_path / "in"
    with Station(settings(tmp_path / "state", watch=watched)) as station:
        (watched / "film.png").write_bytes(PICTURE.read_bytes())
        (watched / "empty.png").touch()
        (watched / ".hidden.png").write_bytes(b"x")
        wait(lambda: done(station) == 1)
        wait(lambda: (watched / "refused" / "empty.png").exists())
    assert sorted(path.name for path in watched.iterdir()) == [".hidden.png", "refused"]
