"""Screening, from image files to a results file: against a plain Keras loop, an ONNX Runtime loop, and the hardware.

    python -m benchmarks.screening              (four minutes; needs [train], and [fast] for OpenVINO)

Every contestant runs in its own process on the same radiographs in their original resolution, one after the other. The
loops are timed without their start-up and after one warm-up radiograph. Pneumoscope is timed as the whole command,
start-up included.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import RESULTS, data_folder
from lab import machine

ROUNDS = 8
"""How often the folder is named in one run of the command."""

KERAS_LOOP = """
import json, sys, time
import keras
model = keras.applications.ResNet50(weights=None)
def judge(path):
    image = keras.utils.img_to_array(keras.utils.load_img(path, target_size=(224, 224)))
    return model.predict(keras.applications.resnet50.preprocess_input(image[None]), verbose=0)
"""

ONNX_LOOP = """
import json, sys, time
import numpy, onnxruntime
from PIL import Image
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
def judge(path):
    image = numpy.asarray(Image.open(path).convert("L").resize((224, 224), Image.Resampling.BILINEAR))
    return session.run(None, {"radiograph": image[None, :, :, None]})
"""

TIMED = """
radiographs = json.load(sys.stdin)
judge(radiographs[0])
started = time.perf_counter()
for radiograph in radiographs:
    judge(radiograph)
print(len(radiographs) / (time.perf_counter() - started))
"""

PARTS = """
import json, sys, time
from pathlib import Path
import numpy
from pneumoscope.screening.prepare import prepare
from pneumoscope.screening.runtime.opening import open_session
radiographs = json.load(sys.stdin)
started = time.process_time()
prepared = [prepare(radiograph, 224, preview=False) for radiograph in radiographs]
decoded = time.process_time()
session = open_session(Path(sys.argv[1]), 1, sys.argv[2])
session.run(prepared[0].pixels[None])
loaded = time.process_time()
for radiograph in prepared:
    session.run(radiograph.pixels[None])
print(json.dumps([(decoded - started) / len(radiographs), (time.process_time() - loaded) / len(radiographs)]))
"""


def run(code: str, radiographs: list[Path], *arguments: object) -> Any:
    """Run code in a fresh interpreter with the files' names on its standard input; gives what it printed last."""
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        input=json.dumps([str(radiograph) for radiograph in radiographs]),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout.strip().splitlines()[-1])


def screen(*arguments: object) -> tuple[float, float]:
    """Run the command into a results file; gives wall-clock seconds and the peak of resident memory in MB."""
    with TemporaryDirectory() as folder, Path(folder, "results.jsonl").open("w") as results:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "pneumoscope", "screen", *map(str, arguments), "--json"], stdout=results
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    if status:
        sys.exit(f"screening failed with {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_maxrss / 1024


def contestants(released: Path) -> dict[str, tuple[Path, str]]:
    """What can run here: name -> (bundle, runtime)."""
    found = {"ONNX Runtime, float32": (released, "onnxruntime"), "ONNX Runtime, int8": (machine.INT8, "onnxruntime")}
    if find_spec("openvino"):
        found["OpenVINO, float32"] = (released, "openvino")
    return found


def installed_megabytes() -> float:
    """Install the screening package alone into a fresh environment and weigh it, without pip itself."""
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--constraint", machine.ROOT / "constraints.txt", machine.ROOT], check=True)
        subprocess.run([*pip, "uninstall", "--yes", "pip", "setuptools"], check=True)
        return sum(path.stat().st_size for path in Path(folder).rglob("*") if not path.is_symlink()) / 1e6


def main() -> None:
    """Measure and record."""
    from pneumoscope.bundle.card import RELEASED
    from pneumoscope.compute.cores import usable_cores

    argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0]).parse_args()
    folder = data_folder("original_resolution")
    radiographs = sorted(folder.rglob("*.jpeg"))
    result: dict[str, Any] = {"films": len(radiographs), "rounds": ROUNDS}
    print(f"{len(radiographs)} radiographs in their original resolution")
    result["keras_loop"] = run(KERAS_LOOP + TIMED, radiographs)
    print(f"plain Keras loop: {result['keras_loop']:.1f} films/s")
    result["onnx_loop"] = run(ONNX_LOOP + TIMED, radiographs, RELEASED)
    print(f"plain ONNX Runtime loop, float32: {result['onnx_loop']:.1f} films/s")
    result["rows"] = []
    cores = usable_cores()
    for name, (bundle, runtime) in contestants(RELEASED).items():
        decode, infer = run(PARTS, radiographs, bundle, runtime)
        seconds, memory = screen(*[folder] * ROUNDS, "--bundle", bundle, "--runtime", runtime)
        row = {"name": name, "films_per_second": len(radiographs) * ROUNDS / seconds, "peak_mb": memory}
        row |= {"decode_core_ms": 1000 * decode, "infer_core_ms": 1000 * infer, "limit": cores / (decode + infer)}
        result["rows"].append(row)
        print(f"pneumoscope screen, {name}: {row['films_per_second']:.1f} films/s of {row['limit']:.1f} possible")
    single = [screen(radiographs[0]) for _ in range(7)]
    result["single_seconds"], result["single_mb"] = median(s for s, _ in single), max(mb for _, mb in single)
    print(f"one radiograph, from start to result: {result['single_seconds']:.2f} s, {result['single_mb']:.0f} MB")
    result["installed_mb"] = installed_megabytes()
    print(f"installed: {result['installed_mb']:.0f} MB")
    machine.write_record(RESULTS / "screening.json", result)


if __name__ == "__main__":
    main()
