"""Lossless code streams of DICOM."""

from typing import Any

import numpy as np

JPEG = "1.2.840.10008.1.2.4."


def lossless_streams(values: np.ndarray, bits: int) -> dict[str, Any]:
    """The same picture in every lossless code stream, by transfer syntax."""
    import imagecodecs

    return {
        JPEG + "57": imagecodecs.jpeg8_encode(values, lossless=True, predictor=4, bitspersample=bits),
        JPEG + "70": imagecodecs.jpeg8_encode(values, lossless=True, predictor=1, bitspersample=bits),
        JPEG + "80": imagecodecs.jpegls_encode(values),
        JPEG + "90": imagecodecs.jpeg2k_encode(values, reversible=True, codecformat="j2k", bitspersample=bits),
    }
