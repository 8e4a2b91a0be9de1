"""UIDs of results are derived, so that a resend changes nothing."""

import hashlib
import re

import pytest

from pneumoscope.serving.dicom.uids import derive_uid

USUAL = ("1.2.3", "ab" * 32, "cd" * 32, "ef" * 32, "sr")


def test_the_same_result_has_the_same_uid() -> None:
    assert derive_uid(*USUAL) == derive_uid(*USUAL)


def test_a_uid_is_one_of_a_published_hash() -> None:
    text = "\n".join(("pneumoscope 1", *USUAL))
    number = int(hashlib.sha256(text.encode()).hexdigest()[:32], 16)
    assert derive_uid(*USUAL) == f"2.25.{number}"


@pytest.mark.parametrize("place", range(len(USUAL)))
def test_whatever_differs_makes_another_uid(place: int) -> None:
    other = [*USUAL[:place], "other", *USUAL[place + 1 :]]
    assert derive_uid(*other) != derive_uid(*USUAL)


def test_no_profile_is_as_good_as_an_empty_one() -> None:
    assert derive_uid("1.2", "a", "b", None, "sr") == derive_uid("1.2", "a", "b", "", "sr")


def test_a_uid_is_what_dicom_allows() -> None:
    for number in range(200):
        uid = derive_uid(f"1.{number}", "a", "b", None, "sr")
        assert re.fullmatch(r"2\.25\.(0|[1-9][0-9]{0,38})", uid)
