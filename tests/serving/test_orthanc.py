"""Orthanc sends films to the station, and finds results in the same studies."""

import time
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="the extra serve is not installed")

from stations import encode, make_film

from lab.orthanc import PROGRAM, TITLE, free_port, running
from pneumoscope.serving.dicom.node import Caller, DicomSettings
from pneumoscope.serving.settings import Settings, TargetSettings
from pneumoscope.serving.station import Station

FILMS = 60
NAMES = ("synthetic-normal-1.png", "synthetic-bacterial-1.png", "synthetic-viral-1.png")


@pytest.mark.slow
def test_sixty_films_of_an_archive_get_their_results_in_the_same_studies(tmp_path: Path) -> None:
    if PROGRAM is None:
        pytest.skip("Orthanc is not installed: run scripts/install_servers.sh")
    (tmp_path / "archive").mkdir()
    port = free_port()
    with running(tmp_path / "archive", {"station": ("PNEUMOSCOPE", "127.0.0.1", port)}) as archive:
        config = {"host": "127.0.0.1", "port": archive.dicom_port, "called": TITLE}
        settings = Settings(
            tmp_path / "state",
            dicom=DicomSettings(port=port, callers=(Caller(TITLE),)),
            targets=(TargetSettings("archive", "dicom", ("sr", "sc"), config),),
        )
        films = [make_film(number, NAMES[number % 3]) for number in range(FILMS)]
        sent = [archive.post("/instances", encode(film))["ID"] for film in films]
        with Station(settings) as station:
            archive.post("/modalities/station/store", sent)
            end = time.monotonic() + 300
            while archive.get("/statistics")["CountInstances"] < 3 * FILMS:
                assert time.monotonic() < end, archive.get("/statistics")
                time.sleep(0.5)
            assert station.films.counts() == {"waiting": 0, "working": 0, "done": FILMS, "failed": 0}
            studies = archive.get("/studies?expand")
            assert {study["MainDicomTags"]["StudyInstanceUID"] for study in studies} == {
                film.StudyInstanceUID for film in films
            }
            series = archive.get("/series?expand")
            kinds = sorted(one["MainDicomTags"]["Modality"] for one in series if len(one["Instances"]) == 1)
            assert kinds == sorted(["CR", "OT", "SR"] * FILMS)
            # All again, as after a doubt of the archive's: nothing changes.
            archive.post("/modalities/station/store", sent[:5])
            time.sleep(2)
            assert archive.get("/statistics")["CountInstances"] == 3 * FILMS
