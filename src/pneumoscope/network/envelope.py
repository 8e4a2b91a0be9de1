"""The envelope's head in a bundle's graph: what the picture shows, how unlike all films it is, and where its lungs are.

The head reads what the network computes anyway. Its cost is a pooling of three tensors and two small products.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pneumoscope.bundle.card import METADATA_KEY, BundleCard
from pneumoscope.decision.envelope import KINDS, OUTPUTS
from pneumoscope.errors import BundleError
from pneumoscope.files import write_bytes

STAGES = ("conv2_block3_out", "conv3_block4_out", "conv4_block6_out")
"""The last tensors of three stages of the ResNet50, early ones too, because rotation is lost on late ones. Not the
last: it knows pneumonia, and a film of a hospital that it was not trained on looks to it like another picture."""

LUNG_STAGE = "conv4_block6_out"
"""What the lung map is read from: one cell for every 16 pixels that the network reads."""

PREFIX = "envelope:"
"""How the names of the head's nodes begin. They stay in float when a bundle is quantized."""


@dataclass(frozen=True)
class ContentHead:
    """Which kind a picture is. F is 1,792, the channels of STAGES together.

    Attributes:
        mean: float32 (F,), of the pooled features of frontal radiographs.
        scale: float32 (F,), their spread, above 0.
        kernel: float32 (F, 10), from standardised features to the logits of KINDS.
        bias: float32 (10,).
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class NoveltyHead:
    """How unlike frontal radiographs a picture is.

    Attributes:
        axes: float32 (F, D), orthonormal: the directions in which standardised features of them differ most.
        precision: float32 (D,), one over the variance along each.
        residual_precision: one over the variance along all other directions.
    """

    axes: NDArray[np.float32]
    precision: NDArray[np.float32]
    residual_precision: float


@dataclass(frozen=True)
class LungHead:
    """Which cells are lung.

    Attributes:
        kernel: float32 (1024,), from the features of a cell to the log odds of lung.
        bias: of them.
    """

    kernel: NDArray[np.float32]
    bias: float


@dataclass(frozen=True)
class Head:
    """The weights of the envelope's head."""

    content: ContentHead
    novelty: NoveltyHead
    lungs: LungHead


def write_envelope(bundle: Path, head: Head, card: BundleCard, out: Path) -> None:
    """Write a bundle with an envelope; one that it had before is replaced. Its logits and maps stay the same.

    Args:
        bundle: the float bundle.
        head: as ``release.envelope.fit`` makes it.
        card: of the new bundle; it holds the limits.
        out: the file to write, in one step.

    Raises:
        BundleError: the file is no float bundle.
    """
    proto, _ = load_float_bundle(bundle)
    graph = proto.graph
    drop_envelope(graph)
    add = Adder(graph)
    pooled = [add.node("GlobalAveragePool", [stage], f"pooled_{index}") for index, stage in enumerate(STAGES)]
    features = add.node("Flatten", [add.node("Concat", pooled, "pooled", axis=1)], "features", axis=1)
    centred = add.node("Sub", [features, add.constant("mean", head.content.mean)], "centred")
    standard = add.node("Div", [centred, add.constant("scale", head.content.scale)], "standard")
    product = add.node("MatMul", [standard, add.half("kernel", head.content.kernel)], "product")
    add.output("Add", [product, add.constant("bias", head.content.bias)], "content", ["N", len(KINDS)])
    _novelty(add, standard, head)
    kernel = add.half("lung_kernel", head.lungs.kernel[None, :, None, None])
    bias = add.number("lung_bias", head.lungs.bias)
    odds = add.node("Conv", [LUNG_STAGE, kernel, bias], "lung_odds")
    whole = add.node("Squeeze", [odds, add.constant("channel", np.array([1], np.int64))], "lung_map")
    add.output("Sigmoid", [whole], "lungs", ["N", None, None])
    helper.set_model_props(proto, {METADATA_KEY: card.to_json()})
    onnx.checker.check_model(proto, full_check=True)
    write_bytes(out, proto.SerializeToString(deterministic=True))


def write_without_envelope(bundle: Path, out: Path) -> None:
    """Write a bundle as it was before it got an envelope, to compare the two.

    Raises:
        BundleError: the file is no float bundle.
    """
    proto, card = load_float_bundle(bundle)
    drop_envelope(proto.graph)
    helper.set_model_props(proto, {METADATA_KEY: replace(card, envelope=None).to_json()})
    write_bytes(out, proto.SerializeToString(deterministic=True))


def _novelty(add: "Adder", standard: str, head: Head) -> None:
    """The squared distance of Mahalanobis under probabilistic PCA (Tipping & Bishop 1999, eq. 5 to 7), by dimension."""
    along = add.node("MatMul", [standard, add.half("axes", head.novelty.axes)], "along")
    squared = add.node("Mul", [along, along], "squared")
    # ||z||^2 / s + sum a_i^2 (1 / v_i - 1 / s): what no axis covers counts with the residual variance
    weights = (head.novelty.precision - head.novelty.residual_precision)[:, None].astype(np.float32)
    inside = add.node("MatMul", [squared, add.constant("weights", weights)], "inside")
    axis = add.constant("axis", np.array([1], np.int64))
    length = add.node("ReduceSumSquare", [standard], "length", axes=[1], keepdims=1)
    outside = add.node("Mul", [length, add.number("residual", head.novelty.residual_precision)], "outside")
    distance = add.node("Squeeze", [add.node("Add", [inside, outside], "distance"), axis], "flat")
    add.output("Div", [distance, add.number("dimensions", len(head.content.mean))], "novelty", ["N"])


class Adder:
    """Adds nodes to a graph under PREFIX."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Values as they are."""
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), PREFIX + name))
        return PREFIX + name

    def number(self, name: str, value: float) -> str:
        """One float32."""
        return self.constant(name, np.array([value], np.float32))

    def half(self, name: str, values: NDArray[np.float32]) -> str:
        """A constant that is stored in half precision."""
        stored = self.constant(f"{name}:half", values.astype(np.float16))
        return self.node("Cast", [stored], name, to=TensorProto.FLOAT)

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """One operation; gives the name of its result."""
        self._graph.node.append(helper.make_node(kind, inputs, [PREFIX + name], name=PREFIX + name, **attributes))
        return PREFIX + name

    def output(self, kind: str, inputs: list[str], name: str, shape: list[Any]) -> None:
        """One operation whose result is an output of the graph."""
        self._graph.node.append(helper.make_node(kind, inputs, [name], name=PREFIX + name))
        self._graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def drop_envelope(graph: Any) -> None:
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
