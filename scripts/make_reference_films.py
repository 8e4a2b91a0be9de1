"""Draw the reference films of the self-test, and print what the released model says of them.

    python scripts/make_reference_films.py

No film shows a patient: each is a mixture of two synthetic films (``pneumoscope.data.synthetic``). Of many mixtures,
those are kept whose scores come nearest to SCORES, which span what the model gives and lie close around its thresholds.
Each is stored in another way, so that the self-test decodes what is decoded in use. The films stay as they are from
release to release, and a bundle keeps what it says of them (``pneumoscope.assurance.selftest.write_selftest``).
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
from imagecodecs import jpeg2k_encode, jpegls_encode
from numpy.typing import NDArray
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless

import pneumoscope
from pneumoscope.data import synthetic

FILMS = Path(pneumoscope.__file__).with_name("assurance") / "films"
SEED, DRAWS = 21, 24
SCORES = (-0.6, 0.6, -4.8, -4.3, -9.0, 2.5, 5.0, -12.0)

Pixels = NDArray[np.uint8]


def mixtures() -> Iterator[Pixels]:
    """Every mixture that a film is chosen from."""
    rng = np.random.default_rng(SEED)
    for _ in range(DRAWS):
        healthy = synthetic.draw("normal", rng).astype(np.float32)
        ill = synthetic.draw(rng.choice(["bacterial", "viral"]), rng).astype(np.float32)
        for share in np.linspace(0, 1, 9):
            yield np.rint((1 - share) * healthy + share * ill).astype(np.uint8)


def picture(encoding: str, width: int, height: int) -> Callable[[Pixels], bytes]:
    """As 8 bits, in another size."""
    return lambda pixels: _saved(Image.fromarray(pixels).resize((width, height)), encoding)


def png_of_16_bits(pixels: Pixels) -> bytes:
    """Both bytes of a value differ, so that a wrong byte order shows."""
    return _saved(Image.fromarray(pixels.astype(np.uint16) * 240 + 1234), "PNG")


def dicom(syntax: UID, photometric: str) -> Callable[[Pixels], bytes]:
    """As 12 bits with a window, as a CR film of a child of three."""

    def encode(pixels: Pixels) -> bytes:
        values = pixels.astype(np.uint16) * 15 + 100
        dataset = pydicom.Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", "2.25.21"
        dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "CR", "CHEST", "AP"
        dataset.PatientName, dataset.PatientID, dataset.PatientAge = "SYNTHETIC", "SYNTHETIC", "003Y"
        dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = *values.shape, 1
        dataset.PhotometricInterpretation, dataset.PixelRepresentation = photometric, 0
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
        dataset.WindowCenter, dataset.WindowWidth = 2012, 3826
        stored = values if photometric == "MONOCHROME2" else 4024 - values
        coded = {JPEG2000Lossless: _jpeg_2000, JPEGLSLossless: jpegls_encode}.get(syntax)
        dataset.PixelData = encapsulate([coded(stored)]) if coded else stored.tobytes()
        dataset["PixelData"].VR = "OB" if coded else "OW"
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        file = io.BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        return file.getvalue()

    return encode


ENCODINGS: dict[str, Callable[[Pixels], bytes]] = {
    "1-jpeg.jpeg": picture("JPEG", 224, 224),
    "2-png-8-bits.png": picture("PNG", 224, 224),
    "3-jpeg-large.jpeg": picture("JPEG", 640, 512),
    "4-png-16-bits.png": png_of_16_bits,
    "5-tiff.tiff": picture("TIFF", 180, 200),
    "6-dicom-monochrome1.dcm": dicom(ExplicitVRLittleEndian, "MONOCHROME1"),
    "7-dicom-jpeg-2000.dcm": dicom(JPEG2000Lossless, "MONOCHROME2"),
    "8-dicom-jpeg-ls.dcm": dicom(JPEGLSLossless, "MONOCHROME2"),
}


def _jpeg_2000(values: NDArray[np.uint16]) -> bytes:
    return bytes(jpeg2k_encode(values, level=0, codecformat="j2k", bitspersample=12, reversible=True))


def _saved(image: Image.Image, encoding: str) -> bytes:
    options = {"JPEG": {"quality": 90}, "PNG": {"optimize": True}, "TIFF": {"compression": "tiff_deflate"}}
    file = io.BytesIO()
    image.save(file, encoding, **options[encoding])
    return file.getvalue()


def main() -> None:
    """Choose and write the films."""
    FILMS.mkdir(exist_ok=True)
    drawn = list(mixtures())
    with pneumoscope.load(runtime="onnxruntime") as screener:
        scores = np.array([result.score for result in screener.screen_many(drawn)])
        for (name, encode), wanted in zip(ENCODINGS.items(), SCORES, strict=True):
            best = int(np.abs(scores - wanted).argmin())
            (FILMS / name).write_bytes(encode(drawn[best]))
            scores[best] = np.inf  # each film once
            said = screener.screen(FILMS / name)
            size = (FILMS / name).stat().st_size
            print(f"{name:28} {size:7} bytes  score {said.score:7.3f}  {said.finding}  {list(said.remarks)}")


if __name__ == "__main__":
    main()
