"""What the tests of the DICOM modules share."""

import io
from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(scope="session")
def stored() -> np.ndarray:
    """Twelve bits over their full range."""
    return np.linspace(0, 4095, 160 * 200).astype(np.uint16).reshape(160, 200)


@pytest.fixture(scope="session")
def saved() -> Callable[..., bytes]:
    """Save a data set under another uncompressed transfer syntax."""
    pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")

    def saved(dataset, syntax: str) -> bytes:
        dataset.file_meta.TransferSyntaxUID = syntax
        file = io.BytesIO()
        implicit, little = syntax.is_implicit_VR, syntax != pydicom.uid.ExplicitVRBigEndian
        pydicom.dcmwrite(file, dataset, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
        return file.getvalue()

    return saved
