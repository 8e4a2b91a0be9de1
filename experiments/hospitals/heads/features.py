"""The features that a bundle's head reads, and heads that are fitted to them without each hospital.

    python -m experiments.hospitals.heads.features --bundle FILE.onnx --lungs FOLDER --out FEATURES.npz [--most N]

writes the pooled features (N, 2048) of the films of the campaign, plain, and the place of each among
``campaign_films``. That is one pass of the network, so everything that a head alone can learn is measured from there in
seconds (experiments/hospitals/heads). It goes on where it was stopped.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from experiments.command import output, told
from experiments.hospitals.sources import Film, campaign_films, choose, path_of
from pneumoscope.files import make_folder, replacing
from pneumoscope.imaging import read, to_input

_HEAD = "head_cam"
_PART = 100


def open_features(bundle: Path) -> Any:
    """A session of ONNX Runtime, on one thread, whose output is what the head of a bundle reads, pooled."""
    import onnxruntime

    proto = onnx.load(bundle)
    head = next(node for node in proto.graph.node if node.output[0] == _HEAD)
    proto.graph.node.append(helper.make_node("GlobalAveragePool", [head.input[0]], ["features"]))
    proto.graph.output.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 2048, 1, 1]))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.NamedTemporaryFile(suffix=".onnx") as stream:
        onnx.save(proto, stream.name)
        return onnxruntime.InferenceSession(stream.name, options, providers=["CPUExecutionProvider"])


def features_of(session: Any, films: Sequence[Film], lungs: Path) -> NDArray[np.float32]:
    """Features (N, 2048) of films; ``lungs`` is for copies of cut-out lungs."""
    inputs = (to_input(read(path_of(film, lungs)))[None, ..., None] for film in films)
    return np.concatenate([session.run(["features"], {"radiograph": each})[0][:, :, 0, 0] for each in inputs])


def compute(session: Any, films: Sequence[Film], places: NDArray[np.intp], out: Path, lungs: Path) -> None:
    """Write the features of some of the films, after those that are written already."""
    features = np.zeros((0, 2048), np.float32)
    if out.exists():
        with np.load(out) as stored:
            features = stored["features"]
    for start in range(len(features), len(places), _PART):
        part = [films[place] for place in places[start : start + _PART]]
        features = np.concatenate([features, features_of(session, part, lungs)])
        with replacing(out) as stream:
            np.savez(stream, features=features, places=places[: len(features)])
        told("films", len(features), len(places))


def main() -> None:
    """Compute and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, metavar="FILE.onnx")
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=output, required=True, metavar="FILE.npz")
    parser.add_argument(
        "--most", type=int, default=10**6, help="training films of each source and label (default: all)"
    )
    options = parser.parse_args()
    make_folder(options.lungs)
    films = campaign_films()
    compute(open_features(options.bundle), films, choose(films, options.most), options.out, options.lungs)


if __name__ == "__main__":
    main()
