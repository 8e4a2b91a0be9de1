"""What the station does with real peers: how long a film takes, how many a second, what it needs, what it survives.

python -m benchmarks.station [--films 60] [--down 1000] [--associations 10000]     (needs [serve] and Orthanc)

Four measurements, each in a station of its own with the released bundle and synthetic films:

- from the C-STORE of a film to its report in Orthanc, one after the other: the median;
- films a second that a modality stores and the station judges, against ``pneumoscope screen`` on the same files;
- seconds from the start of ``pneumoscope serve`` to its first answer, and its memory then and after the films;
- associations opened and closed, and results that wait for a target which is down: what is lost, and what leaks.
"""

import argparse
import multiprocessing
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pydicom
from PIL import Image

import pneumoscope
from benchmarks import RESULTS
from lab import machine
from lab.orthanc import TITLE, Orthanc, free_port, running
from pneumoscope.serving.dicom.node import Caller, DicomSettings
from pneumoscope.serving.settings import Settings, TargetSettings
from pneumoscope.serving.station import Station

MODALITY = "MODALITY"
_CR = "1.2.840.10008.5.1.4.1.1.1"


def write_films(folder: Path, count: int) -> list[Path]:
    """Synthetic films of nobody as DICOM files, each in a study of its own."""
    samples = sorted(Path(pneumoscope.__file__).with_name("samples").glob("*.png"))
    return [_write_film(folder / f"{n}.dcm", n, samples[n % len(samples)]) for n in range(count)]


def _write_film(path: Path, number: int, sample: Path) -> Path:
    grey = Image.open(sample).convert("L").resize((2048, 2048), Image.Resampling.BICUBIC)  # as a detector's
    film = pydicom.Dataset()
    film.file_meta = pydicom.dataset.FileMetaDataset()
    film.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    film.SOPClassUID, film.SOPInstanceUID = _CR, pydicom.uid.generate_uid()
    film.StudyInstanceUID, film.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    film.PatientName, film.PatientID, film.PatientBirthDate = "Synthetic^Film", f"SYN{number}", ""
    film.PatientSex, film.PatientAge, film.StudyDate, film.StudyTime = "O", "004Y", "20260304", "050000"
    film.AccessionNumber, film.StudyID, film.ReferringPhysicianName, film.Modality = "", "", "", "CR"
    film.BodyPartExamined, film.ViewPosition, film.Manufacturer = "CHEST", "AP", "Synthetic"
    film.SeriesNumber = film.InstanceNumber = film.SamplesPerPixel = 1
    film.PhotometricInterpretation, film.PixelRepresentation = "MONOCHROME2", 0
    film.Rows, film.Columns, film.BitsAllocated, film.BitsStored, film.HighBit = grey.height, grey.width, 16, 12, 11
    film.WindowCenter, film.WindowWidth = 2048, 4096
    film.PixelData = (np.asarray(grey).astype(np.uint16) * 16 + number % 16).tobytes()
    film.save_as(path, enforce_file_format=True)
    return path


def store(films: list[Path], port: int) -> None:
    """Send films on one association.

    Raises:
        RuntimeError: one of them was not acknowledged.
    """
    from pynetdicom.ae import ApplicationEntity

    entity = ApplicationEntity(MODALITY)
    entity.add_requested_context(_CR, pydicom.uid.ExplicitVRLittleEndian)
    association = entity.associate("127.0.0.1", port, ae_title="PNEUMOSCOPE")
    for film in films:
        answer = association.send_c_store(str(film))
        if "Status" not in answer or answer.Status != 0:
            raise RuntimeError(f"a film was not acknowledged: {answer.get('Status')}")
    association.release()


@contextmanager
def stationed(folder: Path, archive: Orthanc | int) -> Iterator[Station]:
    """A station whose results go to an archive, or to a port where nobody listens."""
    port = archive if isinstance(archive, int) else archive.dicom_port
    config = {"host": "127.0.0.1", "port": port, "called": TITLE, "timeout": 20.0}
    settings = Settings(
        folder,
        dicom=DicomSettings(port=0, callers=(Caller(MODALITY),)),
        targets=(TargetSettings("archive", "dicom", ("sr", "sc"), config),),
    )
    with Station(settings) as station:
        yield station


def store_apart(films: list[Path], port: int) -> None:
    """Send films from a process of its own, as a modality does."""
    modality = multiprocessing.get_context("spawn").Process(target=store, args=(films, port))
    modality.start()
    modality.join()
    if modality.exitcode:
        raise RuntimeError("the modality could not send its films")


def _port(station: Station) -> int:
    if station.node is None:
        raise RuntimeError("the station has no DICOM node")
    return station.node.port


def wait_for(done: Any, seconds: float) -> None:
    """Wait until ``done()``.

    Raises:
        RuntimeError: it takes longer than that.
    """
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise RuntimeError("the station did not get there in time")
        time.sleep(0.01)


def measure_latency(folder: Path, films: list[Path], archive: Orthanc) -> dict[str, float]:
    """Seconds from the begin of the C-STORE of a film to its report in the archive."""
    with stationed(folder, archive) as station:
        took = []
        for film in films:
            study = pydicom.dcmread(film, stop_before_pixels=True).StudyInstanceUID
            asked = {"Level": "Series", "Query": {"StudyInstanceUID": study, "Modality": "SR"}}
            begin = time.monotonic()
            store([film], _port(station))
            wait_for(lambda asked=asked: archive.post("/tools/find", asked), 60)
            took.append(time.monotonic() - begin)
    return {"median": round(float(np.median(took)), 2), "worst": round(max(took), 2), "films": len(took)}


def measure_load(folder: Path, films: list[Path], archive: Orthanc) -> dict[str, float]:
    """Films a second by C-STORE, all of it done, and by ``pneumoscope screen --html`` on the same files."""
    with stationed(folder, archive) as station:
        store([_again(films[0], folder)], _port(station))  # what is loaded with the first film
        wait_for(lambda: station.outbox.oldest_waiting() is None and station.films.counts()["done"], 60)
        begin = time.monotonic()
        store_apart(films, _port(station))
        acknowledged = time.monotonic() - begin
        wait_for(lambda: station.films.counts()["done"] == len(films) + 1, 900)
        judged = time.monotonic() - begin
        wait_for(lambda: station.outbox.oldest_waiting() is None, 900)
        sent = time.monotonic() - begin
    command = [sys.executable, "-m", "pneumoscope", "screen", *map(str, films), "--html", str(folder / "page.html")]
    begin = time.monotonic()
    subprocess.run(command, check=False, capture_output=True)
    screened = time.monotonic() - begin
    rates = {"acknowledged": acknowledged, "judged": judged, "sent": sent, "screen_with_page": screened}
    rates = {name: round(len(films) / seconds, 2) for name, seconds in rates.items()}
    return rates | {"judged_against_screen": round(screened / judged, 3), "films": len(films)}


def measure_start(folder: Path) -> dict[str, float]:
    """Seconds to the first answer of ``pneumoscope serve``, and MiB of memory then."""
    port = free_port()
    command = [sys.executable, "-m", "pneumoscope", "serve", "--state", str(folder), "--port", str(port)]
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: _answers(f"http://127.0.0.1:{port}/health"), 60)
            return {"seconds": round(time.monotonic() - begin, 2), "mib": _memory(process.pid)}
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return bool(opener.open(url, timeout=5).status == 200)
    except OSError:
        return False


def measure_associations(folder: Path, archive: Orthanc, count: int) -> dict[str, Any]:
    """Open and close associations; threads, open files and memory before and after."""
    from pynetdicom.ae import ApplicationEntity

    with stationed(folder, archive) as station:
        entity = ApplicationEntity(MODALITY)
        entity.add_requested_context("1.2.840.10008.1.1")

        def call(times: int) -> int:
            well = 0
            for _ in range(times):
                association = entity.associate("127.0.0.1", _port(station))
                if association.is_established:
                    well += association.send_c_echo().get("Status") == 0
                    association.release()
            return well

        call(100)
        before = _resources()
        begin = time.monotonic()
        well = call(count)
        took = time.monotonic() - begin
        time.sleep(2)
        after = _resources()
    return {"associations": count, "answered": well, "seconds": round(took, 1), "before": before, "after": after}


def _resources() -> dict[str, int]:
    files = len(list(Path("/proc/self/fd").iterdir()))
    return {"threads": threading.active_count(), "files": files, "mib": _memory(os.getpid())}


def _memory(process: int) -> int:
    said = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", said)
    return int(found[1]) // 1024 if found else 0


def measure_outage(folder: Path, films: list[Path], archive: Orthanc, down: int) -> dict[str, int]:
    """Films that are judged while the archive is down, and how many reports it has when it is back: all, once."""
    config = {"host": "127.0.0.1", "port": archive.dicom_port, "called": TITLE}
    before = archive.get("/statistics")["CountInstances"]
    with stationed(folder, free_port()) as station:
        for start in range(0, down, len(films)):
            store([_again(film, folder) for film in films[: down - start]], _port(station))
        wait_for(lambda: station.films.counts()["done"] == down, 3600)
        waiting = sum(counts.get("waiting", 0) for counts in station.outbox.counts().values())
        target = station.outbox.add_target(TargetSettings("archive", "dicom", ("sr", "sc"), config))
        station.sender.wake()
        wait_for(lambda: station.outbox.oldest_waiting() is None, 3600)
        tried = station.database.count("SELECT count(*) FROM outbox WHERE target = ? AND state = 'sent'", target.id)
    arrived = archive.get("/statistics")["CountInstances"] - before
    return {"films": down, "waited": waiting, "sent": tried, "objects_in_the_archive": arrived}


def _again(film: Path, folder: Path) -> Path:
    """The same film under other UIDs."""
    read = pydicom.dcmread(film)
    read.SOPInstanceUID, read.StudyInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    read.file_meta.MediaStorageSOPInstanceUID = read.SOPInstanceUID
    path = folder / film.name
    read.save_as(path)
    return path


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--down", type=int, default=1000)
    parser.add_argument("--associations", type=int, default=10_000)
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        here = Path(temporary)
        for name in ("films", "archive", "a", "b", "c", "d", "e"):
            (here / name).mkdir()
        films = write_films(here / "films", options.films)
        record: dict[str, Any] = {"start": measure_start(here / "a")}
        with running(here / "archive") as archive:
            record["store_to_report_seconds"] = measure_latency(here / "b", films[:20], archive)
            record["films_a_second"] = measure_load(here / "c", films, archive)
            record["associations"] = measure_associations(here / "d", archive, options.associations)
            record["outage"] = measure_outage(here / "e", films, archive, options.down)
        machine.write_record(RESULTS / "station.json", record)


if __name__ == "__main__":
    main()
