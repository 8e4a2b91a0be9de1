"""The small part of a DICOM header that screening keeps. Never a name, an identifier of a person, or a date."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """What a DICOM object says of itself; None where it does not say, or not in the form that the standard asks for.

    Attributes:
        sop_instance_uid: of this image.
        series_instance_uid: of its series.
        study_instance_uid: of its study.
        modality: code in capitals, such as "CR" or "DX".
        body_part: BodyPartExamined in capitals, such as "CHEST".
        view: ViewPosition in capitals, such as "AP".
        age_years: age of the patient, 0 or more; parts of a year for infants.
        sex: "F", "M" or "O".
        photometric_interpretation: such as "MONOCHROME2".
        device: a code of maker, model and station of the device: the same for all films of one device, and nothing can
            be read from it.
    """

    sop_instance_uid: str | None = None
    series_instance_uid: str | None = None
    study_instance_uid: str | None = None
    modality: str | None = None
    body_part: str | None = None
    view: str | None = None
    age_years: float | None = None
    sex: str | None = None
    photometric_interpretation: str | None = None
    device: str | None = None
