"""Synthetic films as DICOM objects, results of them, and servers for the tests of the station."""

import io
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

import pneumoscope
from pneumoscope.decision.labels import Finding
from pneumoscope.imaging import Reason, Remark
from pneumoscope.screening.result import HeatmapStatus, ModelIdentity, ScreeningResult, Status

SAMPLES = Path(pneumoscope.__file__).with_name("samples")
CR = "1.2.840.10008.5.1.4.1.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
MODEL = ModelIdentity("resnet50-pneumonia", "1.4.0", "ab" * 32, "onnxruntime")
TIME = datetime(2026, 3, 4, 5, 6, 7, 89000, tzinfo=UTC)


def make_film(number: int = 1, sample: str = "synthetic-bacterial-2.png", **elements: Any) -> Dataset:
    """A synthetic film as a CR object of nobody; ``elements`` are set last, and those of value None are left out."""
    pixels = np.asarray(Image.open(SAMPLES / sample).convert("L"))
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID, film.SOPInstanceUID = CR, f"2.25.1000{number}"
    film.StudyInstanceUID, film.SeriesInstanceUID = f"2.25.2000{number}", f"2.25.3000{number}"
    film.PatientName, film.PatientID = "Synthetic^Film", f"SYN{number}"
    film.PatientBirthDate, film.PatientSex, film.PatientAge = "20220101", "O", "004Y"
    film.StudyDate, film.StudyTime, film.StudyID, film.AccessionNumber = "20260304", "050000", "1", f"A{number}"
    film.ReferringPhysicianName = None
    film.SeriesNumber, film.InstanceNumber, film.Modality = 1, 1, "CR"
    film.Manufacturer, film.BodyPartExamined, film.ViewPosition = "Synthetic", "CHEST", "AP"
    film.Rows, film.Columns = pixels.shape
    film.SamplesPerPixel, film.PhotometricInterpretation, film.PixelRepresentation = 1, "MONOCHROME2", 0
    film.BitsAllocated = film.BitsStored = 8
    film.PatientOrientation = ["L", "F"]
    film.HighBit, film.WindowCenter, film.WindowWidth = 7, 128, 256
    film.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        if value is None:
            delattr(film, keyword)
        else:
            setattr(film, keyword, value)
    return film


def encode(film: Dataset) -> bytes:
    """The film as a DICOM file."""
    film.file_meta.MediaStorageSOPClassUID = film.SOPClassUID
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    file = io.BytesIO()
    pydicom.dcmwrite(file, film, enforce_file_format=True)
    return file.getvalue()


def make_result(**values: Any) -> ScreeningResult:
    """A screened film with a pneumonia and a heatmap."""
    preview = np.asarray(Image.open(SAMPLES / "synthetic-bacterial-1.png").convert("L"))
    hot = np.full((7, 7), 1.0, np.float32)
    hot[3:6, 4:6] = 12.0
    usual: dict[str, Any] = {
        "source": None,
        "source_sha256": "cd" * 32,
        "status": Status.SCREENED,
        "model": MODEL,
        "operating_point": "high-sensitivity",
        "threshold": 0.813,
        "rule_out": 0.251,
        "time": TIME,
        "score": 3.2,
        "probability": 0.9134567,
        "finding": Finding.PNEUMONIA,
        "viral_probability": 0.2,
        "contribution_map": hot,
        "heatmap": HeatmapStatus.SHOWN,
        "preview": preview,
    }
    return ScreeningResult(**(usual | values))


def make_refused(reason: Reason = Reason.WRONG_VIEW, **values: Any) -> ScreeningResult:
    """A film that was not assessed."""
    nothing = dict.fromkeys(
        ("score", "probability", "finding", "viral_probability", "contribution_map", "heatmap", "preview")
    )
    said = "The DICOM header names the view LATERAL; send the frontal film (AP or PA)."
    refused = {"status": Status.NOT_ASSESSED, "reason": reason, "detail": said}
    return make_result(**(nothing | refused | values))


RESULTS = {
    "pneumonia": make_result(),
    "uncertain": make_result(finding=Finding.UNCERTAIN, probability=0.5, heatmap=HeatmapStatus.UNSTABLE),
    "normal": make_result(
        finding=Finding.NORMAL, probability=0.0123, heatmap=None, remarks=(Remark.VIEW_UNKNOWN, Remark.AGE_UNKNOWN)
    ),
    "refused": make_refused(),
    "site": make_result(site_profile_sha256="ef" * 32, site="Ward", remarks=tuple(Remark)),
}
"""One result of each kind."""


def no_proxy() -> dict[str, str]:
    """The environment of a program that must talk to this machine only."""
    return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}


def settled(before: int) -> bool:
    """Whether the threads come back to their number from before."""
    end = time.monotonic() + 8
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.05)
    return threading.active_count() <= before
