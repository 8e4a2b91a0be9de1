"""Which words of a header name a body part or a view."""

import pytest

from pneumoscope.imaging.formats.dicom_words import part_named, view_named


@pytest.mark.parametrize(
    "text", ["CHEST", "CHEST 1V", "PORT CHEST", "CHEST_PA", "CXR", "PCXR", "THORAX AP", "TORAX", "LUNG", "APEX OF LUNG"]
)
def test_the_chest_has_many_names(text):
    assert part_named(text) == "CHEST"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("HAND", "HAND"),
        ("HANDS", "HANDS"),
        ("ABDOMEN", "ABDOMEN"),
        ("KNEE RIGHT", "KNEE"),
        ("SKULL", "SKULL"),
        ("THORACIC SPINE", "SPINE"),
        ("CSPINE", "CSPINE"),
        ("EXTREMITIES", "EXTREMITIES"),
        ("RIB", "RIB"),
        ("RIBS, CHEST", "CHEST"),
        ("CHEST AND ABDOMEN", None),
        ("NECK AND CHEST", None),
        ("CHESTABDOMEN", None),
        ("", None),
        ("PATIENT BROUGHT BY DOE", None),
        ("CHESTERFIELD", None),
    ],
)
def test_another_part_is_told_from_the_chest_and_from_what_is_unknown(text, part):
    assert part_named(text) == part


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("AP", "AP"),
        ("PA", "PA"),
        ("AP PORTABLE", "AP"),
        ("POSTERO-ANTERIOR", "PA"),
        ("ANTERO-POSTERIOR", "AP"),
        ("FRONTAL", "FRONTAL"),
        *((view, view) for view in ("LL", "RL", "LLD", "RLD", "LLO", "RLO", "LAO", "RAO", "LPO", "RPO", "LATERAL")),
        ("L LAT", "LAT"),
        ("LLAT", "LLAT"),
        ("LEFT LATERAL", "LATERAL"),
        ("LEFT LATERAL DECUBITUS", "DECUBITUS"),
        ("AP DECUB", "DECUB"),
        ("AP AXIAL", "AXIAL"),
        ("ANTERO-POSTERIOR OBLIQUE", "OBLIQUE"),
        ("AP LORDOTIC", "LORDOTIC"),
        ("PA + LAT", None),
        ("", None),
        ("PATIENT SITTING", None),
        ("LATERALITY UNKNOWN", None),
    ],
)
def test_a_frontal_view_is_told_from_the_others(text, view):
    assert view_named(text) == view
