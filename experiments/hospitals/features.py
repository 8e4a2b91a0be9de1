"""The features that a bundle's head reads, and heads that are fitted to them without each hospital.

    python -m experiments.hospitals.features --lungs FOLDER --out FEATURES.npz [--bundle FILE]

writes the pooled features (N, 2048) of all films of the campaign, plain. That is one pass of the network, so everything
that a head alone can learn is measured from there in seconds (experiments/hospitals/heads.py).
"""

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from experiments.command import output, told
from experiments.hospitals.lungs import write_surrounded
from experiments.hospitals.sources import elsewhere, home
from lab.machine import ROOT
from pneumoscope.files import make_folder, replacing
from pneumoscope.imaging import read, to_input

RELEASED = ROOT / "src" / "pneumoscope" / "released" / "pneumoscope-resnet50.onnx"
_HEAD = "head_cam"
_BATCH = 8


def open_features(bundle: Path, threads: int) -> Any:
    """A session of ONNX Runtime whose output is what the head of a bundle reads, pooled."""
    import onnxruntime

    proto = onnx.load(bundle)
    head = next(node for node in proto.graph.node if node.output[0] == _HEAD)
    proto.graph.node.append(helper.make_node("GlobalAveragePool", [head.input[0]], ["features"]))
    proto.graph.output.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 2048, 1, 1]))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.NamedTemporaryFile(suffix=".onnx") as stream:
        onnx.save(proto, stream.name)
        return onnxruntime.InferenceSession(stream.name, options, providers=["CPUExecutionProvider"])


def compute(session: Any, paths: Sequence[Path]) -> NDArray[np.float32]:
    """Features (N, 2048) of files."""
    parts = []
    with ThreadPoolExecutor(1) as pool:
        batches = pool.map(_batch, (paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)))
        for done, batch in enumerate(batches):
            parts.append(session.run(["features"], {"radiograph": batch})[0][:, :, 0, 0])
            if done % 50 == 0:
                told("batches of features", done, -(-len(paths) // _BATCH))
    return np.concatenate(parts)


def _batch(paths: Sequence[Path]) -> NDArray[np.uint8]:
    return np.stack([to_input(read(path)) for path in paths])[..., None]


def main() -> None:
    """Compute and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=RELEASED)
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=output, required=True, metavar="FILE.npz")
    options = parser.parse_args()
    make_folder(options.lungs)
    films = elsewhere()
    paths = [
        write_surrounded(f.labelled.path, options.lungs) if f.source == "rsna_lungs" else f.labelled.path for f in films
    ]
    paths = [film.path for film in home()] + paths
    features = compute(open_features(options.bundle, 2), paths)
    with replacing(options.out) as stream:
        np.savez(stream, features=features)


if __name__ == "__main__":
    main()
