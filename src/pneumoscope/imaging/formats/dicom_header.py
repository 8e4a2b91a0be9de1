"""From a DICOM data set to the small header that screening keeps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING

from pneumoscope.imaging.formats.dicom_words import CHEST, FRONTAL, part_named, view_named
from pneumoscope.imaging.header import Header

if TYPE_CHECKING:
    from pydicom import Dataset

_MODALITY = re.compile(r"[A-Z]{2}")
_PHOTOMETRIC = re.compile(r"MONOCHROME[12]|RGB|PALETTE COLOR|YBR_[A-Z0-9_]{3,12}")
_SEX = re.compile(r"[FMO]")
_LATERALITY = re.compile(r"[LRUB]")
_DEVICE = re.compile(r"[\w][\w .,&+/()-]{0,63}", re.ASCII)
_UID = re.compile(r"[0-9.]{1,64}")
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_IN_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_OLDEST = 130

_TEXTS = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
"""Where many devices say what the film shows, whatever the coded elements say."""


def read_header(dataset: Dataset) -> Header:
    """Keep what screening needs of a header.

    A value that is none of the standard's is left out: free text could name the patient. Of texts, only a known word
    for a body part or a view is kept. The age is PatientAge, or else the time from the birth date to the study;
    neither date is kept.

    Args:
        dataset: as pydicom parsed it.
    """
    return Header(
        sop_instance_uid=_matching(dataset, "SOPInstanceUID", _UID),
        series_instance_uid=_matching(dataset, "SeriesInstanceUID", _UID),
        study_instance_uid=_matching(dataset, "StudyInstanceUID", _UID),
        modality=_matching(dataset, "Modality", _MODALITY),
        body_part=_body_part(dataset),
        view=_view(dataset),
        age_years=_age(dataset),
        sex=_matching(dataset, "PatientSex", _SEX),
        photometric_interpretation=_matching(dataset, "PhotometricInterpretation", _PHOTOMETRIC),
        laterality=_matching(dataset, "ImageLaterality", _LATERALITY) or _matching(dataset, "Laterality", _LATERALITY),
        manufacturer=_matching(dataset, "Manufacturer", _DEVICE),
        device_model=_matching(dataset, "ManufacturerModelName", _DEVICE),
        device=_device(dataset),
    )


def _body_part(dataset: Dataset) -> str | None:
    coded = (_text(dataset, "BodyPartExamined"), _meanings(dataset, "AnatomicRegionSequence"))
    parts = _named(part_named, coded) or _named(part_named, _texts(dataset))
    return next((part for part in parts if part != CHEST), next(iter(parts), None))


def _view(dataset: Dataset) -> str | None:
    coded = (_text(dataset, "ViewPosition"), _meanings(dataset, "ViewCodeSequence"))
    views = _named(view_named, (*coded, *_texts(dataset)))
    if not views and re.match(r"\W*[AP]", _text(dataset, "PatientOrientation")):  # the rows run to front or back
        return "LATERAL"
    return next((view for view in views if view not in FRONTAL), next(iter(views), None))


def _named(term: Callable[[str], str | None], texts: Iterable[str]) -> list[str]:
    return [found for text in texts if (found := term(text))]


def _texts(dataset: Dataset) -> list[str]:
    return [_text(dataset, keyword) for keyword in _TEXTS]


def _meanings(dataset: Dataset, keyword: str) -> str:
    """What the codes of a sequence mean, in words."""
    try:
        return " ".join(_text(item, "CodeMeaning") for item in dataset.get(keyword) or ())
    except Exception:  # a damaged element surfaces in pydicom as almost any type
        return ""


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
        years = int(match[1]) * _IN_YEARS[match[2]]
        return years if years <= _OLDEST else None
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
