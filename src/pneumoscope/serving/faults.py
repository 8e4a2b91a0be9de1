"""How a fault that nobody foresaw is logged."""

import traceback
from pathlib import Path


def describe_fault(error: BaseException) -> str:
    """Say what kind of error came from where. Its own text is left out, because that may name a patient.

    Returns:
        Such as ``ValueError at report.py:81 < deliverables.py:92 < worker.py:70``.
    """
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}"
