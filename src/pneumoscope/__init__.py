"""Pneumoscope screens children's chest radiographs for pneumonia. Research use; not a medical device."""

__version__ = "0.1.0"
