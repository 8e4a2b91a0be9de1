"""DICOM computed and digital radiography to grey pixels, through pydicom and imagecodecs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pneumoscope.imaging.decoder_warnings import captured
from pneumoscope.imaging.formats.dicom_file import contradictory, damaged, is_cut, parse, unsupported
from pneumoscope.imaging.formats.dicom_grey import has_window, shown_grey
from pneumoscope.imaging.formats.dicom_header import read_header
from pneumoscope.imaging.formats.dicom_pixels import stored_values
from pneumoscope.imaging.header import Header
from pneumoscope.imaging.limits import check_frames, check_size
from pneumoscope.imaging.radiograph import Decoded, Remark
from pneumoscope.imaging.refusal import NotAssessedError, Reason, refuse

if TYPE_CHECKING:
    from pydicom import Dataset

_MODALITIES = ("", "CR", "DX", "RG", "DR", "XR")  # RG: film, digitised; DR and XR: what some detectors write for DX
_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
RADIOGRAPH_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.1",  # computed radiography
    "1.2.840.10008.5.1.4.1.1.1.1",  # digital X-ray for presentation
    _FOR_PROCESSING,
    "1.2.840.10008.5.1.4.1.1.7",  # secondary capture
    "1.2.840.10008.5.1.4.1.1.7.2",  # multi-frame grey byte secondary capture; one frame passes
    "1.2.840.10008.5.1.4.1.1.7.3",  # the same of words
)
"""The SOP classes of what may be a radiograph."""


def decode(content: bytes) -> Decoded:
    """Decode one CR or DX image to the grey a reader would see on a screen.

    Stored values pass the Modality LUT (or rescale), then the VOI LUT or, without one, the first window; the range
    which that step can give, not what this image's pixels reach, becomes 0..255. Without either, the image's own
    minimum and maximum do. MONOCHROME1 or a Presentation LUT Shape INVERSE then inverts, once. Padding becomes black.
    (PS3.3, sections C.7.6.3, C.8.11.3 and C.11.)

    Args:
        content: the whole file, with the preamble of PS3.10 or without.

    Returns:
        float32 pixels of shape (Rows, Columns), the header, and a remark where there was no window.

    Raises:
        NotAssessedError: TRUNCATED, NOT_A_RADIOGRAPH, NO_PIXEL_DATA, MULTIPLE_FRAMES, TOO_LARGE, TOO_SMALL, or
            UNSUPPORTED (with the remedy when pydicom is not installed). Its text quotes nothing from the file; it
            carries the header where that could be read.
    """
    try:
        import pydicom  # noqa: F401

        from pneumoscope.imaging.formats import codestream  # noqa: F401
    except ImportError:
        raise refuse(
            Reason.UNSUPPORTED, "Reading DICOM needs an optional part. Install it: pip install 'pneumoscope[dicom]'."
        ) from None
    header: Header | None = None
    try:
        with captured() as warned, np.errstate(all="ignore"):
            dataset = parse(content, warned)
            header = read_header(dataset)
            _check_kind(dataset)
            _check_picture(dataset)
            remarks = () if has_window(dataset) else (Remark.NO_WINDOW,)
            return Decoded(shown_grey(stored_values(dataset), dataset), header, remarks)
    except NotAssessedError as refused:
        raise refused.known(header=header) from None
    except Exception:
        # Damaged headers surface in pydicom as almost any type, with the element's value in the text: quote neither.
        raise damaged().known(header=header) from None


def _check_kind(dataset: Dataset) -> None:
    modality, sop_class = (str(dataset.get(key) or "").strip() for key in ("Modality", "SOPClassUID"))
    if modality not in _MODALITIES or sop_class not in ("", *RADIOGRAPH_CLASSES):
        raise refuse(
            Reason.NOT_A_RADIOGRAPH,
            "The DICOM object is no computed or digital radiograph (modality CR, DX, RG, DR or XR); send the film.",
        )
    if sop_class == _FOR_PROCESSING or dataset.get("PresentationIntentType") == "FOR PROCESSING":
        raise unsupported("raw detector data (FOR PROCESSING)")


def _check_picture(dataset: Dataset) -> None:
    if "PixelData" not in dataset or not dataset.PixelData:
        if is_cut(dataset):
            raise damaged()
        raise refuse(
            Reason.NO_PIXEL_DATA, "The DICOM object holds no pixel data; retrieve the image itself from the archive."
        )
    check_frames(int(dataset.get("NumberOfFrames") or 1) > 1)
    check_size(dataset.Columns, dataset.Rows)
    if dataset.BitsAllocated not in (8, 16):
        raise unsupported("DICOM pixels of other than 8 or 16 bits")
    _complete(dataset)
    photometric, samples = dataset.PhotometricInterpretation, dataset.SamplesPerPixel
    if (photometric, samples) not in (("MONOCHROME1", 1), ("MONOCHROME2", 1), ("RGB", 3), ("PALETTE COLOR", 1)):
        raise unsupported("colour DICOM")
    if not 1 < dataset.BitsStored <= dataset.HighBit + 1 <= dataset.BitsAllocated:
        raise contradictory("bits that it stores")


def _complete(dataset: Dataset) -> None:
    """Give the elements that some writers leave out the values that they can only have."""
    usual = {"SamplesPerPixel": 1, "PixelRepresentation": 0, "BitsStored": dataset.BitsAllocated}
    for keyword, value in usual.items():
        if dataset.get(keyword) is None:
            setattr(dataset, keyword, value)
    if dataset.get("HighBit") is None:
        dataset.HighBit = dataset.BitsStored - 1
