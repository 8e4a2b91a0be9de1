"""The envelope's head in a bundle's graph: what the picture shows, how unlike all films it is, and where its lungs are.

The head reads what the network computes anyway. Its cost is a pooling of four tensors and two small products.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pneumoscope.bundle.card import METADATA_KEY, BundleCard
from pneumoscope.decision.envelope import KINDS, Envelope
from pneumoscope.errors import BundleError
from pneumoscope.files import write_bytes

STAGES = ("conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out")
"""The last tensor of each stage of the ResNet50, one early: rotation is lost on the late ones."""

LUNG_STAGE = "conv4_block6_out"
"""What the lung map is read from: one cell for every 16 pixels that the network reads."""

PREFIX = "envelope:"
"""How the names of the head's nodes begin. They stay in float when a bundle is quantized."""

OUTPUTS = ("content", "novelty", "lungs")


@dataclass(frozen=True)
class Head:
    """The weights of the envelope's head. F is 3,840, the channels of STAGES together; D is chosen by the fit.

    Attributes:
        mean: float32 (F,), of the pooled features of frontal radiographs.
        scale: float32 (F,), their spread, above 0.
        kernel: float32 (F, 10), from standardised features to the logits of KINDS.
        bias: float32 (10,).
        axes: float32 (F, D), orthonormal: the directions in which frontal radiographs differ most.
        precision: float32 (D,), one over the variance along each.
        residual_precision: one over the variance along all other directions.
        lung_kernel: float32 (1024,), from the features of a cell to the log odds of lung.
        lung_bias: of them.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    axes: NDArray[np.float32]
    precision: NDArray[np.float32]
    residual_precision: float
    lung_kernel: NDArray[np.float32]
    lung_bias: float


def write_envelope(bundle: Path, head: Head, envelope: Envelope, version: str, out: Path) -> None:
    """Write a bundle with an envelope; one that it had before is replaced. Its logits and maps stay the same.

    Args:
        bundle: the float bundle.
        head: as ``release.envelope.fit`` makes it.
        envelope: its limits.
        version: of the new bundle.
        out: the file to write, in one step.

    Raises:
        BundleError: the file is no float bundle.
    """
    proto, card = load_float_bundle(bundle)
    graph = proto.graph
    _drop(graph)
    add = _Adder(graph)
    pooled = [add.node("GlobalAveragePool", [stage], f"pooled_{index}") for index, stage in enumerate(STAGES)]
    features = add.node("Flatten", [add.node("Concat", pooled, "pooled", axis=1)], "features", axis=1)
    centred = add.node("Sub", [features, add.constant("mean", head.mean)], "centred")
    standard = add.node("Div", [centred, add.constant("scale", head.scale)], "standard")
    product = add.node("MatMul", [standard, add.half("kernel", head.kernel)], "product")
    add.output("Add", [product, add.constant("bias", head.bias)], "content", ["N", len(KINDS)])
    _novelty(add, standard, head)
    kernel = add.half("lung_kernel", head.lung_kernel[None, :, None, None])
    bias = add.constant("lung_bias", np.array([head.lung_bias], np.float32))
    odds = add.node("Conv", [LUNG_STAGE, kernel, bias], "lung_odds")
    whole = add.node("Squeeze", [odds, add.constant("channel", np.array([1], np.int64))], "lung_map")
    add.output("Sigmoid", [whole], "lungs", ["N", None, None])
    card = replace(card, envelope=envelope, version=version)
    helper.set_model_props(proto, {METADATA_KEY: card.to_json()})
    onnx.checker.check_model(proto, full_check=True)
    write_bytes(out, proto.SerializeToString(deterministic=True))


def _novelty(add: "_Adder", standard: str, head: Head) -> None:
    """The squared distance of Mahalanobis under probabilistic PCA (Tipping & Bishop 1999, eq. 5 to 7), by dimension."""
    along = add.node("MatMul", [standard, add.half("axes", head.axes)], "along")
    squared = add.node("Mul", [along, along], "squared")
    # ||z||^2 / s + sum a_i^2 (1 / v_i - 1 / s): what no axis covers counts with the residual variance
    weights = (head.precision - head.residual_precision)[:, None].astype(np.float32)
    inside = add.node("MatMul", [squared, add.constant("weights", weights)], "inside")
    axis = add.constant("axis", np.array([1], np.int64))
    length = add.node("ReduceSumSquare", [standard], "length", axes=[1], keepdims=1)
    outside = add.node(
        "Mul", [length, add.constant("residual", np.array([head.residual_precision], np.float32))], "outside"
    )
    distance = add.node("Squeeze", [add.node("Add", [inside, outside], "distance"), axis], "flat")
    add.output("Div", [distance, add.constant("dimensions", np.array([len(head.mean)], np.float32))], "novelty", ["N"])


class _Adder:
    """Adds nodes to a graph under PREFIX."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    def constant(self, name: str, values: NDArray[Any]) -> str:
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), PREFIX + name))
        return PREFIX + name

    def half(self, name: str, values: NDArray[np.float32]) -> str:
        """A constant that is stored in half precision."""
        stored = self.constant(f"{name}:half", values.astype(np.float16))
        return self.node("Cast", [stored], name, to=TensorProto.FLOAT)

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self._graph.node.append(helper.make_node(kind, inputs, [PREFIX + name], name=PREFIX + name, **attributes))
        return PREFIX + name

    def output(self, kind: str, inputs: list[str], name: str, shape: list[Any]) -> None:
        self._graph.node.append(helper.make_node(kind, inputs, [name], name=PREFIX + name))
        self._graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def _drop(graph: Any) -> None:
    """Take out an envelope that is there already."""
    for part in (graph.node, graph.initializer):
        for entry in [entry for entry in part if entry.name.startswith(PREFIX)]:
            part.remove(entry)
    for entry in [entry for entry in graph.output if entry.name in OUTPUTS]:
        graph.output.remove(entry)


def load_float_bundle(bundle: Path) -> tuple[Any, BundleCard]:
    """Load a float bundle as an ONNX model, with its card.

    Raises:
        BundleError: the file cannot be read, is no bundle, or is int8.
    """
    try:
        proto = onnx.load(bundle)
        card = BundleCard.from_json({entry.key: entry.value for entry in proto.metadata_props}[METADATA_KEY])
    except OSError as problem:
        raise BundleError(f"{bundle}: the model bundle cannot be read ({problem.strerror}).") from problem
    except Exception as problem:  # protobuf's exceptions share no public base
        raise BundleError(f"{bundle}: no Pneumoscope bundle; `pneumoscope export` makes one.") from problem
    if card.quantized:
        raise BundleError(f"{bundle}: it is int8 already; give the float bundle that it was made from.")
    return proto, card


class Features:
    """What the head reads, for fitting it: the pooled features of a picture, and the cells of the lung stage."""

    def __init__(self, bundle: Path) -> None:
        """Load a float bundle; raises as :func:`load_float_bundle` does."""
        proto, self.card = load_float_bundle(bundle)
        add = _Adder(proto.graph)
        _drop(proto.graph)
        self._pooled = [add.node("GlobalAveragePool", [stage], f"tap_{stage}") for stage in STAGES]
        for name in (*self._pooled, LUNG_STAGE):
            proto.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(proto.SerializeToString(), options)

    def pooled(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The features of one input, uint8 (size, size): float32 (3840,). Safe from many threads."""
        found = self._session.run(self._pooled, {"radiograph": pixels[None, :, :, None]})
        return np.concatenate([stage.reshape(-1) for stage in found])

    def cells(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The features of the cells of one input, uint8 (size, size): float32 (Q, Q, 1024)."""
        [found] = self._session.run([LUNG_STAGE], {"radiograph": pixels[None, :, :, None]})
        return np.asarray(found[0].transpose(1, 2, 0))
