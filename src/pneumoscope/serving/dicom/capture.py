"""A result as a picture: a DICOM Secondary Capture that every viewer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pneumoscope._version import __version__
from pneumoscope.screening.result import ScreeningResult
from pneumoscope.serving.dicom.objects import (
    MANUFACTURER,
    RESEARCH_USE,
    describe_source,
    load_libraries,
    local_time,
    quietly,
    result_uid,
    stamp,
)
from pneumoscope.serving.dicom.panel import draw_panel

if TYPE_CHECKING:
    from pydicom import Dataset

SERIES_NUMBER = 9902
"""Series Number of every capture."""


def build_capture(result: ScreeningResult, source: Dataset) -> Dataset:
    """Make the secondary capture of a result, in the study of its film and in a series of its own.

    Args:
        result: of the film, screened or not assessed; with a preview where a film is to be seen beside the finding.
        source: the film as pydicom read it; its pixels are not needed.

    Returns:
        A Secondary Capture in RGB, uncompressed, ready to be sent. The same result and film give the same bytes.

    Raises:
        DataError: the film lacks what a DICOM object has to refer to.
        MissingExtraError: the extra ``serve`` is not installed.
    """
    load_libraries()
    with quietly():
        from highdicom.sc import SCImage
        from pydicom.valuerep import DA, TM

        film = describe_source(source)
        time = local_time(result, source)
        capture = SCImage(
            pixel_array=np.asarray(draw_panel(result, time)),
            photometric_interpretation="RGB",
            bits_allocated=8,
            coordinate_system="PATIENT",
            study_instance_uid=film.StudyInstanceUID,
            series_instance_uid=result_uid(result, film, "sc-series"),
            series_number=SERIES_NUMBER,
            sop_instance_uid=result_uid(result, film, "sc"),
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=result.model.name,
            software_versions=__version__,
            device_serial_number=result.model.sha256,
            series_description=f"Pneumoscope picture. {RESEARCH_USE}",
            patient_orientation=("L", "F"),
            specific_character_set=film.SpecificCharacterSet,
        )
        capture.PatientOrientation = None  # a panel of text has none
        if film.get("BodyPartExamined") == "CHEST":
            capture.BodyPartExamined = "CHEST"
        else:
            capture.Laterality = None  # not known: only of a part that there is once is it left out
        capture.DerivationDescription = "Preview of the film with the result of a screening for pneumonia"
        capture.SourceImageSequence = [_reference(film)]
        capture.DateOfSecondaryCapture, capture.TimeOfSecondaryCapture = DA(time.date()), TM(time.time())
        capture.copy_patient_and_study_information(film)
        stamp(capture, source, time)
        return capture


def _reference(film: Dataset) -> Dataset:
    from pydicom import Dataset
    from pydicom.sr.codedict import codes

    purpose, item = Dataset(), Dataset()
    code = codes.DCM.SourceImageForImageProcessingOperation
    purpose.CodeValue, purpose.CodingSchemeDesignator, purpose.CodeMeaning = code.value, "DCM", code.meaning
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = film.SOPClassUID, film.SOPInstanceUID
    item.PurposeOfReferenceCodeSequence = [purpose]
    return item
