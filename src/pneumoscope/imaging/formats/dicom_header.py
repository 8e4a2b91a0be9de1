"""From a DICOM data set to the small header that screening keeps."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import TYPE_CHECKING

from pneumoscope.imaging.header import Header

if TYPE_CHECKING:
    from pydicom import Dataset

_MODALITY = re.compile(r"[A-Z]{2}")
_VIEW = re.compile(r"AP|PA|LL|RL|RLD|LLD|RLO|LLO|LAT|LATERAL|OBL|OBLIQUE|AXIAL")
_PHOTOMETRIC = re.compile(r"MONOCHROME[12]|RGB|PALETTE COLOR|YBR_[A-Z0-9_]{3,12}")
_SEX = re.compile(r"[FMO]")
# The parts that PS3.3 C.8.7.1.1.1 and PS3.16 Annex L name for radiography, as far as films are made of them.
_BODY_PART = re.compile(
    r"(?:ABDOMEN|ANKLE|ARM|BABYGRAM|BREAST|CALCANEUS|CHEST|CLAVICLE|COCCYX|CSPINE|ELBOW|EXTREMITY|FACE|FEMUR|FINGER|FOOT"
    r"|FOREARM|HAND|HEAD|HEART|HEEL|HIP|HUMERUS|JAW|KNEE|LEG|LSPINE|LUNG|MANDIBLE|MAXILLA|NECK|ORBIT|PATELLA|PELVIS|RIB"
    r"|SACRUM|SCAPULA|SHOULDER|SINUS|SKULL|SPINE|SSPINE|STERNUM|TEETH|THORAX|THUMB|TIBIA|TOE|TSPINE|WHOLEBODY|WRIST)S?"
)
_UID = re.compile(r"[0-9.]{1,64}")
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_IN_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}


def read_header(dataset: Dataset) -> Header:
    """Keep what screening needs of a header.

    A value that is none of the standard's is left out: free text could name the patient. The age is
    PatientAge, or else the time from the birth date to the study; neither date is kept.

    Args:
        dataset: as pydicom parsed it.
    """
    return Header(
        sop_instance_uid=_matching(dataset, "SOPInstanceUID", _UID),
        series_instance_uid=_matching(dataset, "SeriesInstanceUID", _UID),
        study_instance_uid=_matching(dataset, "StudyInstanceUID", _UID),
        modality=_matching(dataset, "Modality", _MODALITY),
        body_part=_matching(dataset, "BodyPartExamined", _BODY_PART),
        view=_matching(dataset, "ViewPosition", _VIEW),
        age_years=_age(dataset),
        sex=_matching(dataset, "PatientSex", _SEX),
        photometric_interpretation=_matching(dataset, "PhotometricInterpretation", _PHOTOMETRIC),
        device=_device(dataset),
    )


def _text(dataset: Dataset, keyword: str) -> str:
    try:
        value = dataset.get(keyword)
    except Exception:  # a damaged element surfaces in pydicom as almost any type
        return ""
    return "" if value is None else str(value).strip().upper()


def _matching(dataset: Dataset, keyword: str, form: re.Pattern[str]) -> str | None:
    text = _text(dataset, keyword)
    return text if form.fullmatch(text) else None


def _device(dataset: Dataset) -> str | None:
    """A code in place of the texts: they are free, and free text could name the patient."""
    texts = [_text(dataset, keyword) for keyword in ("Manufacturer", "ManufacturerModelName", "StationName")]
    return f"device-{hashlib.sha256(chr(10).join(texts).encode()).hexdigest()[:8]}" if any(texts) else None


def _age(dataset: Dataset) -> float | None:
    if match := _AGE.fullmatch(_text(dataset, "PatientAge")):
        return int(match[1]) * _IN_YEARS[match[2]]
    born = _date(dataset, "PatientBirthDate")
    taken = _date(dataset, "StudyDate") or _date(dataset, "AcquisitionDate") or _date(dataset, "SeriesDate")
    if born is None or taken is None or taken < born:
        return None
    return (taken - born).days / 365.25


def _date(dataset: Dataset, keyword: str) -> date | None:
    try:
        return date.fromisoformat(_text(dataset, keyword))
    except ValueError:
        return None
