"""Nothing phones home: no library that is used here reports its use to its maker."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import pneumoscope

FILM = Path(pneumoscope.__file__).with_name("samples") / "synthetic-normal-1.png"
SCREEN = f"""
from pneumoscope.screening.screener import Screener
Screener(runtime="{{}}").screen(r"{FILM}")
"""


@pytest.mark.parametrize(
    ("library", "code"),
    [
        ("onnxruntime", SCREEN.format("onnxruntime")),
        ("openvino", SCREEN.format("openvino")),
        ("onnx", "import pneumoscope.network.quantize"),
    ],
)
def test_no_library_leaves_its_number_in_the_home_folder(library: str, code: str, tmp_path: Path) -> None:
    if not find_spec(library):
        pytest.skip(f"{library} is not installed")
    # As a user's process: where a variable speaks of continuous integration, some libraries do not report.
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "SYSTEMROOT") if name in os.environ}
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=kept | home, check=True, timeout=120)
    assert not list(tmp_path.rglob("*"))
