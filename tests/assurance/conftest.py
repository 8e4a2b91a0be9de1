"""The fixtures of this folder: a tiny bundle with and without a seal, and folders of films for it."""

import shutil
from pathlib import Path

import pytest
from tiny_fixtures import acceptance, films, make_bundle, screener, tiny_bundle

from pneumoscope.assurance.selftest import write_selftest
from pneumoscope.screening.screener import Screener

__all__ = ["acceptance", "films", "make_bundle", "screener", "tiny_bundle"]


@pytest.fixture(scope="session")
def sealed_bundle(tiny_bundle: Path) -> Path:
    pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")
    path = tiny_bundle.with_name("sealed.onnx")
    shutil.copy(tiny_bundle, path)
    write_selftest(path)
    return path


@pytest.fixture(scope="session")
def sealed(sealed_bundle: Path) -> Screener:
    return Screener(sealed_bundle)
