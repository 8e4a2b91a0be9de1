"""What is kept of a DICOM header, and what never is."""

import dataclasses
import re

import numpy as np
import pytest

from pneumoscope.imaging import Header, NotAssessedError, Reason, Remark, read
from pneumoscope.imaging.formats.dicom_header import read_header

pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")


def test_the_header_of_a_radiograph(grey, make_dicom):
    said = {"BodyPartExamined": "CHEST ", "ViewPosition": "AP", "PatientAge": "018M", "PatientSex": "F"}
    said |= {"Laterality": "U", "Manufacturer": "Agfa-Gevaert N.V.", "ManufacturerModelName": "DX-D 300"}
    uids = {"SeriesInstanceUID": "1.2.3", "StudyInstanceUID": "1.2.4"}
    header = read(make_dicom(grey.astype(np.uint16), **said, **uids)).header
    assert header == Header(
        "1.2.826.0.1.3680043.8.498.1", "1.2.3", "1.2.4", "CR", "CHEST", "AP", 1.5, "F", "MONOCHROME2",
        "U", "AGFA-GEVAERT N.V.", "DX-D 300", "device-ab71ace9",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("elements", "age"),
    [
        ({"PatientAge": "004Y"}, 4.0),
        ({"PatientAge": "002W"}, 14 / 365.25),
        ({"PatientAge": "010D"}, 10 / 365.25),
        ({"PatientAge": "4"}, None),
        ({"PatientAge": "999Y"}, None),
        ({"PatientBirthDate": "20200101", "StudyDate": "20210101"}, 366 / 365.25),
        ({"PatientBirthDate": "20220101", "StudyDate": "20210101"}, None),
        ({"PatientBirthDate": "2020", "StudyDate": "20210101"}, None),
        ({}, None),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of values that are wrong on purpose
def test_the_age_in_years(elements, age):
    dataset = pydicom.Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    assert read_header(dataset).age_years == (None if age is None else pytest.approx(age))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_free_text_is_left_out():
    dataset = pydicom.Dataset()
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Secret^Person", "4711", "20200101"
    dataset.BodyPartExamined = "DOE JOHN"
    dataset.ViewPosition, dataset.Modality, dataset.PhotometricInterpretation = "DOE JOHN 1234", "JOHN", "DOE"
    dataset.PatientSex, dataset.Laterality = "X", "DOE JOHN"
    dataset.SeriesDescription = dataset.ProtocolName = "Doe, John, brought by his mother"
    dataset.Manufacturer = "Doe^John"
    assert read_header(dataset) == Header(device="device-152575ce")


def test_a_device_has_one_code_and_its_texts_are_not_kept():
    """The three texts are free: they could name a person."""
    codes = set()
    for texts in (
        ("ACME", "X1", "ROOM 1"),
        ("Acme ", "X1", "Room 1"),
        ("ACME", "X1", "ROOM 2"),
        ("ACME", "X1ROOM 1", ""),
    ):
        dataset = pydicom.Dataset()
        dataset.Manufacturer, dataset.ManufacturerModelName, dataset.StationName = texts
        code = read_header(dataset).device
        assert re.fullmatch(r"device-[0-9a-f]{8}", code)
        codes.add(code)
    assert len(codes) == 3
    assert read_header(pydicom.Dataset()).device is None


def coded(meaning):
    item = pydicom.Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "99TEST", meaning
    return [item]


@pytest.mark.parametrize(
    ("elements", "part"),
    [
        ({"BodyPartExamined": "CXR"}, "CHEST"),
        ({"AnatomicRegionSequence": coded("Chest")}, "CHEST"),
        ({"AnatomicRegionSequence": coded("Thoracic spine")}, "SPINE"),
        ({"BodyPartExamined": "CHEST", "AnatomicRegionSequence": coded("Hand")}, "HAND"),
        ({"BodyPartExamined": "HAND", "AnatomicRegionSequence": coded("Chest")}, "HAND"),
        ({"ProtocolName": "Chest bedside"}, "CHEST"),
        ({"SeriesDescription": "Knee"}, "KNEE"),
        ({"BodyPartExamined": "CHEST", "SeriesDescription": "head up 45 degrees"}, "CHEST"),
        ({"BodyPartExamined": "BRUST"}, None),
    ],
)
def test_the_body_part_by_all_that_name_it(elements, part):
    dataset = pydicom.Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    assert read_header(dataset).body_part == part


@pytest.mark.parametrize(
    ("elements", "view"),
    [
        ({"ViewCodeSequence": coded("postero-anterior")}, "PA"),
        ({"ViewCodeSequence": coded("left lateral")}, "LATERAL"),
        ({"ViewPosition": "AP", "ViewCodeSequence": coded("left lateral")}, "LATERAL"),
        ({"ViewPosition": "AP", "SeriesDescription": "Chest lat."}, "LAT"),
        ({"ViewPosition": "AP", "SeriesDescription": "Chest pa and lat"}, "AP"),
        ({"AcquisitionDeviceProcessingDescription": "CHEST LAT"}, "LAT"),
        ({"PatientOrientation": ["A", "F"]}, "LATERAL"),
        ({"PatientOrientation": ["P", "F"]}, "LATERAL"),
        ({"PatientOrientation": ["L", "F"]}, None),
        ({"ViewPosition": "PA", "PatientOrientation": ["A", "F"]}, "PA"),
    ],
)
def test_the_view_by_all_that_name_it(elements, view):
    dataset = pydicom.Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    assert read_header(dataset).view == view


def test_a_header_holds_nothing_that_identifies_a_person():
    names = {field.name for field in dataclasses.fields(Header)}
    assert not {name for name in names if "name" in name or "birth" in name or "patient" in name or "date" in name}


def test_a_refused_object_still_says_what_it_is(grey, make_dicom):
    with pytest.raises(NotAssessedError) as refused:
        read(make_dicom(grey.astype(np.uint16), Modality="CT"))
    assert refused.value.refusal.reason is Reason.NOT_A_RADIOGRAPH
    assert refused.value.refusal.header.modality == "CT"


def test_a_missing_window_is_remarked(grey, make_dicom):
    assert read(make_dicom(grey.astype(np.uint16))).remarks == (Remark.NO_WINDOW,)
    assert read(make_dicom(grey.astype(np.uint16), WindowCenter=128, WindowWidth=256)).remarks == ()
