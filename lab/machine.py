"""What every record says of the machine that made it, and where data and weights lie."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pneumoscope.compute.cores import instructions, usable_cores
from pneumoscope.errors import DataError
from pneumoscope.files import write_json

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("PNEUMOSCOPE_DATA", ROOT.parent / "shared" / "datasets"))
WEIGHTS = DATA.parent / "weights" / "resnet50_imagenet_notop.weights.h5"
INT8 = ROOT / "bundles" / "pneumoscope-resnet50-int8.onnx"
TELLING = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
LIBRARIES = ("pneumoscope", "onnxruntime", "openvino", "keras", "tensorflow-cpu", "tensorflow", "torch", "jax", "ray")


def describe() -> dict[str, Any]:
    """Name the processor, its telling instruction sets, cores, memory, versions and the load at its end."""
    installed = {}
    for name in LIBRARIES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "instructions": [name for name in TELLING if name in instructions()],
        "cores": usable_cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "versions": installed,
        "load_at_end": round(os.getloadavg()[0], 1),
        "date": datetime.now(UTC).date().isoformat(),
    }


def commit() -> str:
    """The commit that is checked out, with "-dirty" where tracked files differ from it; empty outside a repository."""
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return git.stdout.strip()


def data(folder: str) -> Path:
    """A folder of real radiographs.

    Raises:
        DataError: it is not there.
    """
    found = DATA / folder
    if not found.is_dir():
        raise DataError(f"{found}: no such folder; set PNEUMOSCOPE_DATA to the one that holds chest_xray/")
    return found


def write_record(path: Path, content: dict[str, Any]) -> None:
    """Write a record with the machine that made it and the commit."""
    write_json(path, {"machine": describe(), "commit": commit()} | content)
    sys.stdout.write(f"wrote {path}\n")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
