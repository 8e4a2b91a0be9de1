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
        body_part: "CHEST", or the word for another part in capitals, such as "HAND": by BodyPartExamined and
            AnatomicRegionSequence, or by the texts of series and protocol where neither names one. Where two differ, it
            is the one that is no chest.
        view: "AP", "PA", "FRONTAL", or the word for another view in capitals, such as "LL" or "OBLIQUE": by
            ViewPosition, ViewCodeSequence, and the texts of series and protocol, or by PatientOrientation where none
            names one. Where two differ, it is the one that is not frontal.
        age_years: age of the patient, 0 or more; parts of a year for infants.
        sex: "F", "M" or "O".
        photometric_interpretation: such as "MONOCHROME2".
        laterality: ImageLaterality or Laterality: "L", "R", "U" (unpaired) or "B" (both).
        manufacturer: of the device, in capitals.
        device_model: the manufacturer's name for it, in capitals.
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
    laterality: str | None = None
    manufacturer: str | None = None
    device_model: str | None = None
    device: str | None = None
