"""The conformance statement says what is so."""

from pathlib import Path

from pydicom.uid import UID

from pneumoscope.imaging.formats.dicom import RADIOGRAPH_CLASSES
from pneumoscope.serving.dicom.codes import REASONS, REMARKS
from pneumoscope.serving.dicom.node import IMPLEMENTATION_UID, DicomSettings, syntaxes
from pneumoscope.serving.dicom.objects import PATIENT, STUDY
from pneumoscope.serving.dicom.panel import SIZE
from pneumoscope.serving.dicom.sockets import MAX_MESSAGE, MAX_PDU

PAGE = (Path(__file__).parents[3] / "docs" / "dicom.md").read_text(encoding="utf-8")


def test_it_lists_what_is_received() -> None:
    for uid in (*RADIOGRAPH_CLASSES, *syntaxes()):
        assert f" | {uid} |" in PAGE, UID(uid).name


def test_it_lists_every_code() -> None:
    for kind, table in (("reason", REASONS), ("remark", REMARKS)):
        assert f"| {kind} | code | meaning |" in PAGE
        for word, code in table.items():
            assert f"| `{word}` | {code.value} | {code.meaning} |" in PAGE


def test_it_names_what_is_taken_from_the_film() -> None:
    words = PAGE.replace("with its issuers", "IssuerOfPatientID IssuerOfPatientIDQualifiersSequence")
    words = words.replace("with its issuer,", "IssuerOfAccessionNumberSequence")
    assert not [keyword for keyword in (*PATIENT, *STUDY) if keyword not in words]


def test_its_numbers_are_those_of_the_code() -> None:
    settings = DicomSettings()
    assert IMPLEMENTATION_UID in PAGE
    assert f"| {settings.max_associations}, configurable" in PAGE
    assert f"| {settings.acse_timeout:.0f} seconds" in PAGE
    assert f"| {settings.network_timeout:.0f} seconds" in PAGE
    assert f"{MAX_PDU // 2**20} MiB" in PAGE
    assert f"{MAX_MESSAGE // 2**20} MiB" in PAGE
    assert f"{SIZE[0]} by {SIZE[1]} pixels" in PAGE
