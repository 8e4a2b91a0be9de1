"""Bytes to a normalised grey image: decoding, the input gate and the one preprocessing path."""

from pneumoscope.imaging.preprocess import INPUT_SIZE, to_input
from pneumoscope.imaging.radiograph import NotAssessedError, Radiograph, Reason
from pneumoscope.imaging.reading import read

__all__ = ["INPUT_SIZE", "NotAssessedError", "Radiograph", "Reason", "read", "to_input"]
