"""From a bundle of float kernels to an int8 bundle: half the file, and faster."""

import logging
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper
from onnxruntime import quantization

from pneumoscope.bundle.card import METADATA_KEY, QUANTIZED
from pneumoscope.files import check_room, write_bytes
from pneumoscope.network.envelope import PREFIX, load_float_bundle
from pneumoscope.progress import Progress

HEAD = "head_cam:Conv"
"""It and all that follows stay in float: they cost nothing, and logits in 8 bits would lie on a grid of .1."""

READING = "radiograph:"
"""How the names of the nodes begin that prepare the radiograph. They stay in float too: no grey level is to be lost."""


def quantize(
    bundle: Path, radiographs: NDArray[np.uint8], out: Path, source: dict[str, Any], progress: Progress
) -> None:
    """Write a bundle that computes in int8.

    Static quantization (Jacob et al. 2018, arXiv:1712.05877, eq. 1): a scale per kernel channel, and a scale and zero
    point per activation from its extremes over ``radiographs``. Kernels take 7 bits, because processors without VNNI
    add two products in 16 bits and would saturate: so the arithmetic is the same on every processor. The card is the
    bundle's own, thresholds included. Its version gains "+int8", and its training record tells what it was made from.

    Args:
        bundle: the float bundle.
        radiographs: uint8 (N, size, size), as ``imaging.to_input`` makes them; never from a test set.
        out: the file to write, in one step.
        source: what the card shall say of the radiographs and of the bundle; JSON values.
        progress: called after every radiograph.

    Raises:
        BundleError: the file is no bundle, or quantized already.
        OSError: the folder for temporary files has no room, or ``out`` cannot be written.
    """
    _, card = load_float_bundle(bundle)
    with TemporaryDirectory() as folder:
        plain, quantized = Path(folder, "plain.onnx"), Path(folder, "int8.onnx")
        check_room(plain, 3 * bundle.stat().st_size)  # ONNX Runtime does not say that a disk is full
        _fold(bundle, plain)
        logging.getLogger().addFilter(_is_not_advice)
        try:
            quantization.quantize_static(
                plain,
                quantized,
                _Calibration(radiographs, progress),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=[*_names_from(plain, HEAD), *_node_names(plain, READING), *_node_names(plain, PREFIX)],
            )
        finally:
            logging.getLogger().removeFilter(_is_not_advice)
        proto = onnx.load(quantized)
    training = card.training | {QUANTIZED: source | {"radiographs": len(radiographs)}}
    card = replace(card, version=f"{card.version}+int8", training=training)
    helper.set_model_props(proto, {METADATA_KEY: card.to_json()})
    write_bytes(out, proto.SerializeToString(deterministic=True))


class _Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Hands the radiographs to the quantizer, one at a time."""

    def __init__(self, radiographs: NDArray[np.uint8], progress: Progress) -> None:
        self._radiographs, self._progress, self._next = radiographs, progress, 0

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        if self._next == len(self._radiographs):
            return None
        self._next += 1
        self._progress("measuring activations", self._next, len(self._radiographs))
        return {"radiograph": self._radiographs[self._next - 1 : self._next, :, :, None]}


def _fold(bundle: Path, plain: Path) -> None:
    """Fold the casts and the BatchNormalization into the kernels, so that what is quantized is what is computed."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(plain)
    options.log_severity_level = 4
    onnxruntime.InferenceSession(str(bundle), options, providers=["CPUExecutionProvider"])


def _node_names(plain: Path, begin: str) -> list[str]:
    return [node.name for node in onnx.load(plain).graph.node if node.name.startswith(begin)]


def _names_from(plain: Path, first: str) -> list[str]:
    """The names of a node and of all that are computed from what it gives; the nodes of a graph lie in order."""
    names: list[str] = []
    known: set[str] = set()
    for node in onnx.load(plain).graph.node:
        if node.name == first or known & set(node.input):
            names.append(node.name)
            known |= set(node.output)
    return names


def _is_not_advice(record: logging.LogRecord) -> bool:
    """Drop the quantizer's advice to preprocess the model, which _fold has done in its own way."""
    return "pre-processing" not in record.getMessage()
