"""The settings of a target are checked, in words that hold none of their values."""

from typing import Any

import pytest

from pneumoscope.errors import DataError
from pneumoscope.serving.dicom.targets import KINDS, build_target

GOOD: dict[str, dict[str, Any]] = {
    "dicom": {"host": "archive", "port": 104, "called": "ARCHIVE"},
    "stow": {"url": "https://archive/dicom-web", "token": "sesame"},
    "folder": {"path": "results"},
}


def test_every_kind_is_built() -> None:
    assert set(GOOD) == set(KINDS)
    for kind, config in GOOD.items():
        assert build_target(kind, config)


@pytest.mark.parametrize(
    ("kind", "wrong", "said"),
    [
        ("fax", {}, "no such kind"),
        ("dicom", {"port": "104"}, "port"),
        ("dicom", {"port": 0}, "port"),
        ("dicom", {"called": "SEVENTEEN_LETTERS"}, "called"),
        ("dicom", {"host": ""}, "host"),
        ("dicom", {"colour": "red"}, "colour"),
        ("dicom", {"tls": {"certificate": 3}}, "certificate"),
        ("dicom", {"tls": {"authorities": "/nowhere.pem"}}, "TLS"),
        ("stow", {"url": "ftp://archive"}, "url"),
        ("stow", {"url": "https://reader:sesame@archive/"}, "url"),
        ("stow", {"user": "reader"}, "not both"),
        ("stow", {"timeout": -1}, "timeout"),
        ("folder", {"path": ""}, "path"),
    ],
)
def test_settings_of_no_use_are_refused(kind: str, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        build_target(kind, GOOD.get(kind, {}) | wrong)
    assert "sesame" not in str(caught.value)


def test_a_setting_that_is_missing_is_named() -> None:
    for kind, config in GOOD.items():
        for key in set(config) - {"token"}:
            with pytest.raises(DataError, match=key):
                build_target(kind, {name: value for name, value in config.items() if name != key})
