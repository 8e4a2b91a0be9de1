"""The structured report of a result."""

import io
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from stations import CR, RESULTS, make_film, make_refused, make_result

from pneumoscope.errors import DataError
from pneumoscope.imaging import Reason, Remark
from pneumoscope.imaging.formats.dicom import RADIOGRAPH_CLASSES
from pneumoscope.serving.dicom import codes
from pneumoscope.serving.dicom.capture import build_capture
from pneumoscope.serving.dicom.objects import PATIENT, STUDY, encode_object, made_here
from pneumoscope.serving.dicom.report import build_report

BUILDERS = {"report": build_report, "capture": build_capture}


def read(content: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(content))


def group_of(report: pydicom.Dataset) -> list[pydicom.Dataset]:
    """The content items of the one measurement group."""
    measurements = next(item for item in report.ContentSequence if name(item) == "126010")
    (group,) = measurements.ContentSequence
    assert name(group) == "125007"
    return list(group.ContentSequence)


def name(item: pydicom.Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue)


def coded(report: pydicom.Dataset) -> list[tuple[str, str]]:
    return [(name(i), i.ConceptCodeSequence[0].CodeValue) for i in group_of(report) if i.ValueType == "CODE"]


def numbers(report: pydicom.Dataset) -> dict[str, float]:
    items = [item for item in group_of(report) if item.ValueType == "NUM"]
    return {name(item): float(item.MeasuredValueSequence[0].NumericValue) for item in items}


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
@pytest.mark.parametrize("kind", RESULTS)
def test_dciodvfy_finds_no_error(build: Any, kind: str, tmp_path: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed: run scripts/install_servers.sh")
    path = tmp_path / "object.dcm"
    path.write_bytes(encode_object(build(RESULTS[kind], make_film())))
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False, timeout=60).stderr
    lines = [line for line in said.splitlines() if line.startswith(("Error", "Warning", "Abort"))]
    # It knows no private coding scheme, and says so of every one.
    assert [line for line in lines if "Unrecognized defined term <99PNEUMOSCOPE>" not in line] == []


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
@pytest.mark.parametrize("kind", RESULTS)
def test_dicom_validator_finds_no_error(build: Any, kind: str, tmp_path: Path) -> None:
    reader = pytest.importorskip("dicom_validator.spec_reader.edition_reader", reason="not installed")
    standard = reader.EditionReader()
    editions = [edition for edition in standard.path.glob("20*") if (edition / "json").is_dir()]
    if not editions:
        pytest.skip("dicom-validator has no edition of the standard here, and fetching one needs the internet")
    path = tmp_path / "object.dcm"
    path.write_bytes(encode_object(build(RESULTS[kind], make_film())))
    command = ["validate_iods", "--edition", "local", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_the_same_result_gives_the_same_bytes(build: Any) -> None:
    assert encode_object(build(make_result(), make_film())) == encode_object(build(make_result(), make_film()))


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_it_lies_in_the_study_of_its_film_in_a_series_of_its_own(build: Any) -> None:
    film = make_film()
    made = read(encode_object(build(make_result(), film)))
    assert made.StudyInstanceUID == film.StudyInstanceUID
    assert made.SeriesInstanceUID != film.SeriesInstanceUID
    assert made.SOPInstanceUID != film.SOPInstanceUID
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "StudyDate"):
        assert made[keyword].value == film[keyword].value
    assert made.AccessionNumber == film.AccessionNumber
    assert made_here(made)
    assert not made_here(film)


def test_report_and_capture_are_two_series() -> None:
    film = make_film()
    report, capture = build_report(make_result(), film), build_capture(make_result(), film)
    assert report.SeriesInstanceUID != capture.SeriesInstanceUID
    assert report.SOPInstanceUID != capture.SOPInstanceUID


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_other_bytes_another_bundle_or_another_profile_are_another_object(build: Any) -> None:
    film = make_film()
    results = [make_result(), make_result(source_sha256="00" * 32), make_result(site_profile_sha256="11" * 32)]
    assert len({build(result, film).SOPInstanceUID for result in results}) == 3


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_its_times_are_those_of_the_result_in_the_zone_of_the_film(build: Any) -> None:
    made = read(encode_object(build(make_result(), make_film(TimezoneOffsetFromUTC="+0530"))))
    assert (made.ContentDate, made.ContentTime) == ("20260304", "103607.089000")
    assert (made.SeriesDate, made.InstanceCreationTime) == ("20260304", "103607.089000")
    assert made.TimezoneOffsetFromUTC == "+0530"
    assert "TimezoneOffsetFromUTC" not in build(make_result(), make_film(TimezoneOffsetFromUTC="noon"))


def test_a_screened_film_is_one_group_with_finding_numbers_and_thresholds() -> None:
    report = read(encode_object(build_report(make_result(), make_film())))
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert coded(report) == [("121071", "233604007"), ("705057003", "52101004"), ("finding", "pneumonia")]
    assert numbers(report) == {"122157": 0.913457, "threshold": 0.813, "rule_out": 0.251}


def test_it_names_the_algorithm_its_version_and_its_bundle() -> None:
    report = read(encode_object(build_report(RESULTS["site"], make_film())))
    said = [(name(item), item.TextValue) for item in group_of(report) if item.ValueType == "TEXT"]
    assert ("111001", "resnet50-pneumonia") in said
    assert ("111003", "1.4.0") in said
    assert ("111002", f"bundle SHA-256: {'ab' * 32}") in said
    assert ("111002", f"site profile SHA-256: {'ef' * 32}") in said


def test_it_refers_to_its_film() -> None:
    film = make_film()
    report = read(encode_object(build_report(make_result(), film)))
    images = [item.ReferencedSOPSequence[0] for item in group_of(report) if item.ValueType == "IMAGE"]
    assert [image.ReferencedSOPInstanceUID for image in images] == [film.SOPInstanceUID]
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert evidence.SeriesInstanceUID == film.SeriesInstanceUID


@pytest.mark.parametrize("reason", Reason)
def test_a_film_that_was_not_assessed_has_a_coded_reason_and_no_number(reason: Reason) -> None:
    report = read(encode_object(build_report(make_refused(reason), make_film())))
    assert coded(report) == [("121071", "233604007"), ("not_assessed", codes.REASONS[reason].value)]
    assert numbers(report) == {}
    comment = [item.TextValue for item in group_of(report) if name(item) == "121106"]
    assert comment == [
        "Research use. Not for diagnosis. The DICOM header names the view LATERAL; send the frontal film (AP or PA)."
    ]


def test_remarks_are_coded() -> None:
    report = build_report(make_result(remarks=tuple(Remark)), make_film())
    assert [value for what, value in coded(report) if what == "remark"] == [
        code.value for code in codes.REMARKS.values()
    ]


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
@pytest.mark.parametrize("sop_class", RADIOGRAPH_CLASSES)
def test_there_is_a_result_for_every_class_that_is_received(build: Any, sop_class: str) -> None:
    assert build(make_result(), make_film(SOPClassUID=sop_class)).StudyInstanceUID


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID"])
def test_a_film_without_a_uid_is_refused_in_words(build: Any, keyword: str) -> None:
    with pytest.raises(DataError, match=keyword):
        build(make_result(), make_film(**{keyword: None}))
    with pytest.raises(DataError, match="no SOP class"):
        build(make_result(), make_film(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"))


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_a_film_without_patient_and_study_still_has_a_result(build: Any) -> None:
    film = make_film()
    for keyword in (*PATIENT, *STUDY, "BodyPartExamined"):
        if keyword in film:
            delattr(film, keyword)
    made = read(encode_object(build(make_result(), film)))
    assert made.PatientID in (None, "")
    assert "PatientAge" not in made


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_values_that_are_none_of_their_kind_are_left_empty(build: Any, caplog: Any, capfd: Any) -> None:
    film = make_film()
    with warnings.catch_warnings(action="ignore"):
        film.PatientBirthDate, film.StudyTime, film.PatientAge, film.PatientSex = "in spring", "late", "4", "X"
        film.PatientName, film.PatientID = "No Carets Here", "X" * 80
    caplog.clear()
    content = encode_object(build(make_result(), film))
    assert not caplog.text
    assert capfd.readouterr() == ("", "")
    with warnings.catch_warnings(action="ignore"):
        made = read(content)
    assert not made.PatientBirthDate
    assert not made.StudyTime
    assert not made.PatientSex
    assert "PatientAge" not in made
    assert made.PatientName == "No Carets Here"


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
@pytest.mark.parametrize(
    ("charset", "text", "written"),
    [
        ("ISO_IR 192", "Müller^Jörg", "ISO_IR 192"),
        ("ISO_IR 100", "Müller^Jörg", "ISO_IR 100"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", ["ISO 2022 IR 6", "ISO 2022 IR 87"]),
        (None, "Muller^Jorg", "ISO_IR 100"),
    ],
)
def test_names_keep_their_letters(build: Any, charset: Any, text: str, written: Any) -> None:
    film = make_film(PatientName=text)
    if charset:
        film.SpecificCharacterSet = charset
    made = read(encode_object(build(make_result(), film)))
    assert made.SpecificCharacterSet == written
    assert str(made.PatientName) == text


@pytest.mark.parametrize("kind", RESULTS)
def test_the_capture_is_a_grey_film_in_colours_with_text(kind: str) -> None:
    capture = read(encode_object(build_capture(RESULTS[kind], make_film())))
    pixels = capture.pixel_array
    assert pixels.shape == (840, 1344, 3)
    assert capture.PhotometricInterpretation == "RGB"
    banner = pixels[795:838]
    assert len(np.unique(banner.reshape(-1, 3), axis=0)) > 10, "words are on the banner"
    assert capture.SourceImageSequence[0].ReferencedSOPClassUID == CR


def test_only_a_heatmap_that_passed_its_check_is_drawn() -> None:
    film = np.s_[30:760, 40:780]

    def coloured(kind: str) -> bool:
        pixels = build_capture(RESULTS[kind], make_film()).pixel_array[film].astype(int)
        return bool(np.ptp(pixels, axis=-1).max() > 40)

    assert coloured("pneumonia")
    assert not coloured("uncertain")
    assert not coloured("normal")
    assert not coloured("refused")
