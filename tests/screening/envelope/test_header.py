"""What a DICOM header says a model may not judge, and what it leaves open."""

import io
from typing import Any

import numpy as np
import pytest
from tiny import film

from pneumoscope.bundle.card import AgeRange
from pneumoscope.imaging import Header, Reason, Refusal, Remark
from pneumoscope.screening.envelope.header import check_header
from pneumoscope.screening.screener import Screener

pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")

CHILDREN = AgeRange(1, 6)
FULL = {"body_part": "CHEST", "view": "AP", "age_years": 3.0}


def test_a_full_header_of_a_frontal_chest_film_passes_without_a_word() -> None:
    assert check_header(Header(**FULL), CHILDREN) == ()
    assert check_header(Header(**FULL | {"laterality": "U"}), CHILDREN) == ()


def test_a_picture_without_a_header_gets_no_remark() -> None:
    assert check_header(None, CHILDREN) == ()


def test_an_empty_header_is_remarked_and_not_refused() -> None:
    unknown = (Remark.BODY_PART_UNKNOWN, Remark.VIEW_UNKNOWN, Remark.AGE_UNKNOWN)
    assert check_header(Header(), CHILDREN) == unknown
    assert check_header(Header(), None) == unknown[:2]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"body_part": "HAND"}, Reason.WRONG_BODY_PART),
        ({"body_part": "ABDOMEN"}, Reason.WRONG_BODY_PART),
        ({"view": "LL"}, Reason.WRONG_VIEW),
        ({"view": "OBLIQUE"}, Reason.WRONG_VIEW),
        ({"view": "LLD", "body_part": None}, Reason.WRONG_VIEW),
    ],
)
def test_another_part_or_view_is_refused(said: dict[str, Any], reason: Reason) -> None:
    header = Header(**FULL | said)
    refusal = check_header(header, CHILDREN)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.header) == (reason, header)
    assert "send the" in refusal.detail


@pytest.mark.parametrize(
    ("said", "remark"),
    [
        ({"body_part": "RIBS"}, Remark.BODY_PART_UNKNOWN),
        ({"body_part": None}, Remark.BODY_PART_UNKNOWN),
        ({"view": None}, Remark.VIEW_UNKNOWN),
        ({"laterality": "L"}, Remark.ONE_SIDE),
        ({"age_years": None}, Remark.AGE_UNKNOWN),
        ({"age_years": 0.99}, Remark.AGE_OUTSIDE_EVIDENCE),
        ({"age_years": 6.0}, Remark.AGE_OUTSIDE_EVIDENCE),
        ({"age_years": 67.0}, Remark.AGE_OUTSIDE_EVIDENCE),
    ],
)
def test_what_is_open_is_one_remark_with_a_sentence(said: dict[str, Any], remark: Remark) -> None:
    assert check_header(Header(**FULL | said), CHILDREN) == (remark,)
    assert remark.sentence.endswith(".")


@pytest.mark.parametrize(("years", "refused"), [(0.9, True), (1.0, False), (5.99, False), (6.0, True)])
def test_a_card_may_refuse_an_age(years: float, refused: bool) -> None:
    said = check_header(Header(**FULL | {"age_years": years}), AgeRange(1, 6, "refuse"))
    assert (isinstance(said, Refusal) and said.reason is Reason.AGE_OUTSIDE_EVIDENCE) is refused


def written(**elements: Any) -> bytes:
    """A DICOM film with the elements that are given."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", "1.2.3"
    dataset.Modality, dataset.PhotometricInterpretation = "CR", "MONOCHROME2"
    pixels = np.asarray(film(200))
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.WindowCenter, dataset.WindowWidth = 128, 256
    dataset.add_new("PixelData", "OB", pixels.tobytes())
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def test_the_screener_refuses_before_it_infers(screener: Screener) -> None:
    result = screener.screen(written(BodyPartExamined="CHEST", ViewPosition="LL", PatientAge="003Y"))
    assert (result.reason, result.probability, result.finding) == ("wrong_view", None, None)
    assert result.source_sha256
    assert result.header
    assert result.header.sop_instance_uid == "1.2.3"
    assert screener.screen(written(BodyPartExamined="KNEE")).reason == "wrong_body_part"


def test_the_screener_adds_the_remarks(screener: Screener) -> None:
    child = written(BodyPartExamined="PORT CHEST", ViewPosition="PA", PatientAge="003Y")
    assert screener.screen(child).remarks == ()
    adult = screener.screen(written(BodyPartExamined="CHEST", PatientAge="067Y"))
    assert adult.remarks == (Remark.VIEW_UNKNOWN, Remark.AGE_OUTSIDE_EVIDENCE)
    assert adult.finding == "pneumonia"


def test_evaluation_refuses_what_screening_refuses(screener: Screener) -> None:
    [refusal] = screener.predict([written(BodyPartExamined="HAND", ViewPosition="LL", PatientAge="067Y")])
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.WRONG_BODY_PART
