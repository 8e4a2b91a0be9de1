"""What every benchmark record says of the machine, and where the films are."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pneumoscope.compute.cores import instructions, usable_cores

DATA = Path(os.environ.get("PNEUMOSCOPE_DATA", Path(__file__).parents[2] / "shared" / "datasets"))
RESULTS = Path(__file__).parent / "results"
WEIGHTS = DATA.parent / "weights" / "resnet50_imagenet_notop.weights.h5"
INT8 = Path(__file__).parents[1] / "bundles" / "pneumoscope-resnet50-int8.onnx"
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
    """The commit that is checked out; empty outside a repository."""
    folder = Path(__file__).parent
    git = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=False)
    return git.stdout.strip()


def films(folder: str) -> Path:
    """A folder of the real films; ends the program with a clear message where there are none."""
    found = DATA / folder
    if not found.is_dir():
        sys.exit(f"{found}: no films here; set PNEUMOSCOPE_DATA to the folder that holds chest_xray/ and the originals")
    return found


def record(name: str, content: dict[str, Any], path: Path | None = None) -> None:
    """Write one benchmark's record, from which page.py makes its tables; to ``path`` for one that is not to be kept."""
    RESULTS.mkdir(exist_ok=True)
    path = path or RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": describe()} | content, indent=1) + "\n")
    print(f"wrote {path}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
