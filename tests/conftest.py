"""Where the tests find real radiographs, and what they do without them."""

import os
import signal
from pathlib import Path

import pytest

# A test run in the background of a shell is deaf to Ctrl-C, and every command that a test starts would be too.
signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared" / "datasets"


def _datasets() -> Path:
    root = Path(os.environ.get("PNEUMOSCOPE_DATA", SHARED))
    if not root.is_dir():
        pytest.skip("real radiographs not found: set PNEUMOSCOPE_DATA to the folder that holds chest_xray/")
    return root


@pytest.fixture(scope="session")
def real_films() -> Path:
    """The chest_xray folder of the public dataset."""
    return _datasets() / "chest_xray"


@pytest.fixture(scope="session")
def original_films() -> Path:
    """Sixty radiographs of its train split at the size they were first published."""
    return _datasets() / "original_resolution"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs a Ray cluster is slow: starting one takes longer than most tests."""
    for item in items:
        if "ray_cluster" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
