"""Pictures and DICOM files made for the imaging tests; none shows a patient."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pneumoscope.imaging import NotAssessedError, Reason, read

SHAPE = (160, 200)


@pytest.fixture(scope="session")
def grey() -> np.ndarray:
    """A smooth 8-bit picture over the full range, with a little structure."""
    rows, columns = np.indices(SHAPE)
    wave = 40 * np.sin(rows / 7) * np.cos(columns / 11)
    ramp = 255 * columns / (SHAPE[1] - 1)
    return np.clip(np.rint(ramp + wave), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """Encode a Pillow image, or an array, as a file's bytes."""

    def encode(picture: Any, encoding: str, **options: Any) -> bytes:
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        file = io.BytesIO()
        image.save(file, encoding, **options)
        return file.getvalue()

    return encode


@pytest.fixture(scope="session")
def make_dicom() -> Callable[..., bytes]:
    """Write stored values (uint8, uint16 or int16) as an uncompressed CR image; keywords add or replace elements."""
    pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")

    def make(stored: np.ndarray, bits: int | None = None, **elements: Any) -> bytes:
        dataset = pydicom.Dataset()
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
        dataset.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
        dataset.Modality = "CR"
        dataset.PatientName = "Secret^Person"
        dataset.Rows, dataset.Columns = stored.shape[-2:]
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.BitsAllocated = 8 * stored.dtype.itemsize
        dataset.BitsStored = bits or dataset.BitsAllocated
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(stored.dtype.kind == "i")
        dataset.add_new("PixelData", "OW", stored.tobytes() + b"\0" * (stored.nbytes % 2))
        for keyword, value in elements.items():
            if value is None:
                del dataset[keyword]
            else:
                setattr(dataset, keyword, value)
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        file = io.BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        return file.getvalue()

    return make


@pytest.fixture(scope="session")
def compress() -> Callable[..., bytes]:
    """Replace the pixel data of an uncompressed DICOM file by a code stream."""
    pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")

    def compress(content: bytes, syntax: str, stream: bytes) -> bytes:
        dataset = pydicom.dcmread(io.BytesIO(content))
        dataset.PixelData = pydicom.encaps.encapsulate([stream])
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = syntax
        file = io.BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        return file.getvalue()

    return compress


@pytest.fixture(scope="session")
def reason() -> Callable[..., Reason]:
    """Give the reason for which read() refuses a source."""

    def reason(source: Any) -> Reason:
        with pytest.raises(NotAssessedError) as refusal:
            read(source)
        return refusal.value.refusal.reason

    return reason


@pytest.fixture(scope="session")
def refused_of_damaged() -> Callable[..., int]:
    """Read damaged copies of a file, cut or with bytes changed; tell how many were refused. The others must be read."""

    def count(whole: bytes, tries: int, reach: int, changes: int) -> int:
        rng, refused = np.random.default_rng(0), 0
        for _ in range(tries):
            content = bytearray(whole[: rng.integers(1, len(whole))] if rng.random() < 0.3 else whole)
            for at in rng.integers(min(len(content), reach), size=rng.integers(1, changes + 1)):
                content[at] = rng.integers(256)
            try:
                assert np.isfinite(read(bytes(content)).pixels).all()
            except NotAssessedError:
                refused += 1
        return refused

    return count
