"""The Keras model as an ONNX bundle.

Written layer by layer with onnx.helper instead of a converter, because the ResNet50 has nine kinds of layer, every
Keras backend must export alike, and the kernels are to be stored in half precision: each is followed by a Cast that
the runtime folds away when it loads the file, so the arithmetic stays float32 and the file stays under 50 MB.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pneumoscope.bundle.card import METADATA_KEY, BundleCard
from pneumoscope.errors import BundleError
from pneumoscope.files import write_bytes
from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.imaging.preprocess import interpolation

OPSET = 17
IR_VERSION = 9


def write_bundle(model: Any, card: BundleCard, path: Path, inference_size: int = INPUT_SIZE) -> None:
    """Write the bundle in one step: a reader sees the whole file or none.

    Args:
        model: as built by pneumoscope.network.resnet.build.
        card: goes into the file's metadata.
        path: of the bundle.
        inference_size: side, in pixels, that the graph resizes radiographs to before the network reads them.

    Raises:
        BundleError: the model has a layer that the export does not know.
    """
    proto = helper.make_model(
        _Graph(card.input_size, inference_size).translate(model),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="pneumoscope",
    )
    helper.set_model_props(proto, {METADATA_KEY: card.to_json()})
    onnx.checker.check_model(proto, full_check=True)
    write_bytes(path, proto.SerializeToString(deterministic=True))


class _Graph:
    """Builds the graph; tensors are named after the Keras layer that makes them and lie as (N, C, H, W)."""

    def __init__(self, size: int, inference_size: int) -> None:
        self.size, self.inference_size = size, inference_size
        self.nodes: list[Any] = []
        self.stored: list[Any] = []
        self.writers: dict[str, Callable[[Any, list[str]], object]] = {
            "Concatenate": lambda layer, inputs: self._node("Concat", inputs, layer.name, axis=1),
            "Rescaling": self._rescaling,
            "ZeroPadding2D": self._padding,
            "Conv2D": self._convolution,
            "BatchNormalization": self._batch_normalization,
            "Activation": self._activation,
            "MaxPooling2D": self._max_pooling,
            "Add": lambda layer, inputs: self._node("Add", inputs, layer.name),
            "GlobalAveragePooling2D": self._global_average,
        }

    def translate(self, model: Any) -> Any:
        """Make the ONNX graph of a model."""
        for layer in model.layers:
            kind = type(layer).__name__
            if kind == "InputLayer":
                self._input(layer.name)
            elif kind in self.writers:
                self.writers[kind](layer, _input_names(layer))
            else:
                raise BundleError(f"layer {layer.name} is a {kind}, which the export does not know")
        self._node("Transpose", ["head_cam"], "cam", perm=[0, 2, 3, 1])
        cells = -(-self.inference_size // 32)
        radiographs = helper.make_tensor_value_info("radiograph", TensorProto.UINT8, ["N", self.size, self.size, 1])
        logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 3])
        maps = helper.make_tensor_value_info("cam", TensorProto.FLOAT, ["N", cells, cells, 3])
        return helper.make_graph(self.nodes, "pneumoscope", [radiographs], [logits, maps], self.stored)

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{output}:{kind}", **attributes))
        return output

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _input(self, name: str) -> None:
        # One channel, so (N, H, W, 1) and (N, 1, H, W) hold the same bytes in the same order.
        shape = self._constant("input_shape", np.array([0, 1, self.size, self.size], dtype=np.int64))
        self._node("Cast", ["radiograph"], f"{name}:float", to=TensorProto.FLOAT)
        read = self._node("Reshape", [f"{name}:float", shape], f"{name}:whole")
        if self.inference_size != self.size:
            read = self._both_sides(read, f"{name}:resized", interpolation(self.size, self.inference_size))
        self._node("Identity", [read], f"{name}:nchw")

    def _both_sides(self, radiograph: str, output: str, matrix: NDArray[np.float32]) -> str:
        """A radiograph (N, 1, H, W) multiplied by a matrix from the left and by its transpose from the right."""
        rows = self._node("MatMul", [self._constant(f"{output}:matrix", matrix), radiograph], f"{output}:rows")
        return self._node("MatMul", [rows, self._constant(f"{output}:transposed", matrix.T)], output)

    def _rescaling(self, layer: Any, inputs: list[str]) -> None:
        offset = np.asarray(layer.offset, dtype=np.float32).reshape(1, -1, 1, 1)
        self._node("Add", [*inputs, self._constant(f"{layer.name}:offset", offset)], layer.name)

    def _padding(self, layer: Any, inputs: list[str]) -> None:
        (top, bottom), (left, right) = layer.padding
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], dtype=np.int64)
        self._node("Pad", [*inputs, self._constant(f"{layer.name}:pads", pads)], layer.name)

    def _convolution(self, layer: Any, inputs: list[str]) -> None:
        kernel, bias = (np.asarray(weight, dtype=np.float32) for weight in layer.get_weights())
        half = self._constant(f"{layer.name}:half", kernel.transpose(3, 2, 0, 1).astype(np.float16))
        self._node("Cast", [half], f"{layer.name}:kernel", to=TensorProto.FLOAT)
        mode = "SAME_UPPER" if layer.padding == "same" else "VALID"
        self._node(
            "Conv",
            [*inputs, f"{layer.name}:kernel", self._constant(f"{layer.name}:bias", bias)],
            layer.name,
            auto_pad=mode,
            strides=list(layer.strides),
        )

    def _batch_normalization(self, layer: Any, inputs: list[str]) -> None:
        names = ("gamma", "beta", "mean", "variance")
        values = zip(names, layer.get_weights(), strict=True)
        stored = [self._constant(f"{layer.name}:{name}", np.asarray(value, np.float32)) for name, value in values]
        self._node("BatchNormalization", [*inputs, *stored], layer.name, epsilon=float(layer.epsilon))

    def _activation(self, layer: Any, inputs: list[str]) -> None:
        if layer.activation.__name__ != "relu":
            raise BundleError(f"layer {layer.name} has an activation that the export does not know")
        self._node("Relu", inputs, layer.name)

    def _max_pooling(self, layer: Any, inputs: list[str]) -> None:
        self._node("MaxPool", inputs, layer.name, kernel_shape=list(layer.pool_size), strides=list(layer.strides))

    def _global_average(self, layer: Any, inputs: list[str]) -> None:
        self._node("GlobalAveragePool", inputs, f"{layer.name}:mean")
        self._node("Flatten", [f"{layer.name}:mean"], layer.name, axis=1)


def _input_names(layer: Any) -> list[str]:
    tensors = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
    names = [tensor._keras_history.operation.name for tensor in tensors]
    return ["radiograph:nchw" if name == "radiograph" else name for name in names]
