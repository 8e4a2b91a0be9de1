"""A tiny network that screens by real arithmetic, and films it tells apart."""

import struct
import zlib
from typing import Any

import numpy as np
import onnx
from cards import make_card
from onnx import TensorProto, helper, numpy_helper

CARD: dict[str, Any] = make_card().to_dict()


def network() -> onnx.ModelProto:
    """Bright places speak for pneumonia: cam = brightness * weight, logits = spatial mean + bias."""
    constants = {
        "weight": np.array([0.0, 20.0, 14.0], np.float32).reshape(3, 1, 1, 1),
        "scale": np.array(255.0, np.float32),
        "bias": np.array([0.0, -10.0, -7.0], np.float32),
        "places": np.array([1, 2], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["radiograph"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float", "scale"], ["unit"]),
        helper.make_node("Transpose", ["unit"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["pooled"], kernel_shape=[32, 32], strides=[32, 32]),
        helper.make_node("Conv", ["pooled", "weight"], ["maps"]),
        helper.make_node("Transpose", ["maps"], ["cam"], perm=[0, 2, 3, 1]),
        helper.make_node("ReduceMean", ["cam", "places"], ["mean"], keepdims=0),
        helper.make_node("Add", ["mean", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("radiograph", TensorProto.UINT8, ["N", 224, 224, 1])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 3]),
            helper.make_tensor_value_info("cam", TensorProto.FLOAT, ["N", 7, 7, 3]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def film(brightness: int, height: int = 260, width: int = 300) -> np.ndarray:
    """A film whose left half is ``brightness`` and whose right half is 40 grey levels darker.

    The lung on the left is the larger one, so the heatmap of such a film passes its check.
    """
    pixels = np.full((height, width), brightness, np.uint8)
    pixels[:, width // 2 :] = brightness - 40
    return pixels


def declared_png(width: int, height: int) -> bytes:
    """A small PNG whose header declares more pixels than it holds."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )
