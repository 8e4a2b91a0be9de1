"""What all our DICOM objects share: patient and study of the film, dates, and their bytes."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pneumoscope.errors import DataError
from pneumoscope.extras import needed
from pneumoscope.imaging.decoder_warnings import captured
from pneumoscope.imaging.formats.dicom import RADIOGRAPH_CLASSES
from pneumoscope.screening.result import ScreeningResult
from pneumoscope.serving.dicom.uids import derive_uid

if TYPE_CHECKING:
    from pydicom import Dataset

MANUFACTURER = "Pneumoscope"
"""Manufacturer (0008,0070) of every object that is made here."""

RESEARCH_USE = "Research use. Not for diagnosis."

PATIENT = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "PatientBirthDate",
    "PatientSex",
    "OtherPatientIDsSequence",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
)
"""What is taken from the patient's modules of the film."""

STUDY = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "StudyID",
    "StudyDescription",
    "ReferringPhysicianName",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
)
"""What is taken from the study's modules of the film."""

_PATIENT_ALWAYS = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")  # type 2: empty if not known
_STUDY_ALWAYS = ("StudyDate", "StudyTime", "AccessionNumber", "StudyID", "ReferringPhysicianName")
_CHECKED = ("AS", "CS", "DA", "DS", "TM")  # a value that is none of these would stop the object from being made
_UID = re.compile(r"[0-9.]{1,64}")
_LIBRARIES = ("dicomweb_client", "highdicom", "pydicom", "pynetdicom")


@contextmanager
def quietly() -> Iterator[None]:
    """Work with the DICOM libraries, whose warnings and logs may name a patient: nothing of them leaves the context."""
    silence_libraries()
    with captured():
        yield


def load_libraries() -> None:
    """Import what objects are made and sent with, before threads need it.

    It takes a second or two. Two threads that import parts of one library at once may both fail.

    Raises:
        MissingExtraError: the extra ``serve`` is not installed.
    """
    with needed("DICOM output", "serve"):
        import pynetdicom.ae
        import pynetdicom.transport  # noqa: F401


def silence_libraries() -> None:
    """Keep the logs of the DICOM libraries, which quote headers and requests, out of ours."""
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def peek(content: bytes, *keywords: str) -> Dataset | None:
    """Some elements of a DICOM file; None where it is none, or so damaged that they cannot be read. Never raises."""
    if content[128:132] != b"DICM":
        return None
    import pydicom

    try:
        with quietly():
            read = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True, specific_tags=list(keywords))
            list(read)  # pydicom converts a value when it is first looked at, and fails then
            return read
    except Exception:  # whatever a damaged file makes of pydicom
        return None


def describe_source(source: Dataset) -> Dataset:
    """Keep of a film what our objects repeat: the UIDs that they refer to, patient and study.

    Values that are none of their kind, such as a date in words, are left empty. Texts stay as they are.

    Args:
        source: the film as pydicom read it, with or without its pixels.

    Returns:
        A small data set with an element for each of these, of its own.

    Raises:
        DataError: the film lacks a UID, or its SOP class is none of radiographs.
    """
    from pydicom import Dataset

    kept = Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        value = str(source.get(keyword) or "")
        if not _UID.fullmatch(value):
            raise DataError(f"the film has no usable {keyword}, so no DICOM object can refer to it")
        setattr(kept, keyword, value)
    if kept.SOPClassUID not in RADIOGRAPH_CLASSES:
        raise DataError("the object is of no SOP class of radiographs, so no result in DICOM is made for it")
    for keyword in (*PATIENT, *STUDY, "BodyPartExamined"):
        value = _usable(source, keyword)
        if value is not None or keyword in (*_PATIENT_ALWAYS, *_STUDY_ALWAYS):
            setattr(kept, keyword, value)
    kept.SpecificCharacterSet = _character_set(source)
    return kept


def _usable(source: Dataset, keyword: str) -> Any:
    """The value of an element; None where it is absent or none of its kind."""
    from pydicom import config
    from pydicom.valuerep import validate_value

    try:
        element = source[keyword]
        if element.VR in _CHECKED:
            validate_value(element.VR, str(element.value or ""), config.RAISE)
        unknown_sex = keyword == "PatientSex" and element.value not in ("F", "M", "O")
        return None if element.is_empty or unknown_sex else element.value
    except Exception:  # absent, or damaged: that surfaces in pydicom as almost any type
        return None


def _character_set(source: Dataset) -> str | list[str]:
    """The film's own character set, which its PACS can show; UTF-8 where it names one that is not known.

    Where it names none, bytes beyond ASCII were read as Latin-1.
    """
    from highdicom.enum import SpecificCharacterSetValues

    named = source.get("SpecificCharacterSet") or "ISO_IR 100"
    sets = [named] if isinstance(named, str) else [str(one) or "ISO 2022 IR 6" for one in named]
    known = {one.value for one in SpecificCharacterSetValues}
    if not known.issuperset(sets):
        return "ISO_IR 192"
    return sets if len(sets) > 1 else sets[0]


def result_uid(result: ScreeningResult, source: Dataset, purpose: str) -> str:
    """The UID of something that a result becomes; see ``uids.derive_uid``."""
    content, model = result.source_sha256 or "", result.model.sha256
    return derive_uid(str(source.SOPInstanceUID), content, model, result.site_profile_sha256, purpose)


def local_time(result: ScreeningResult, source: Dataset) -> datetime:
    """When the result was made, in the time zone that the film states, or else in this machine's."""
    offset = str(source.get("TimezoneOffsetFromUTC") or "")
    try:
        zone = datetime.strptime(offset, "%z").tzinfo
    except ValueError:
        zone = None
    return result.time.astimezone(zone)


def stamp(made: Dataset, source: Dataset, time: datetime) -> None:
    """Give an object the time of its result, so that making it again gives the same bytes."""
    from pydicom.valuerep import DA, DT, TM

    for item in made.get("ContributingEquipmentSequence") or ():  # highdicom names itself there, with the time
        item.ContributionDateTime = DT(time.replace(tzinfo=None))
    for keyword in ("InstanceCreation", "Content", "Series"):
        setattr(made, f"{keyword}Date", DA(time.date()))
        setattr(made, f"{keyword}Time", TM(time.time()))
    offset = source.get("TimezoneOffsetFromUTC")
    if offset and time.strftime("%z") == offset:
        made.TimezoneOffsetFromUTC = offset


def encode_object(made: Dataset) -> bytes:
    """The bytes of an object as a DICOM file: the same for the same object."""
    from pydicom import dcmwrite

    file = io.BytesIO()
    with quietly():
        dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


def made_here(dataset: Dataset) -> bool:
    """Whether an object was made here: a PACS may send it back, and an answer to an answer would never end."""
    return str(dataset.get("Manufacturer") or "") == MANUFACTURER
