"""The weights of a bundle, back in the Keras model that they came from: training goes on from a released network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper

from pneumoscope.errors import DataError

SUFFIX = ".onnx"


def take_weights(model: Any, bundle: Path) -> None:
    """Give a model the weights of a bundle that :func:`~pneumoscope.network.export.write_bundle` wrote.

    Args:
        model: as built by pneumoscope.network.resnet.build; changed in place. Kernels come back in half precision.
        bundle: the file.

    Raises:
        DataError: it is no such bundle; one in int8 is none.
    """
    try:
        stored = {one.name: numpy_helper.to_array(one) for one in onnx.load(bundle).graph.initializer}
        weights = [(layer, list(_stored(layer, stored))) for layer in model.layers if layer.weights]
    except (DecodeError, KeyError) as error:
        raise DataError(f"{bundle}: holds no float weights of this network; give a bundle of `export`") from error
    for layer, values in weights:
        layer.set_weights(values)


def _stored(layer: Any, stored: dict[str, NDArray[Any]]) -> Iterator[NDArray[np.float32]]:
    """The weights of a layer in Keras' order; names and axes are those of the export."""
    if type(layer).__name__ == "Conv2D":
        yield stored[f"{layer.name}:half"].transpose(2, 3, 1, 0).astype(np.float32)
        yield stored[f"{layer.name}:bias"]
    else:
        for name in ("gamma", "beta", "mean", "variance"):
            yield stored[f"{layer.name}:{name}"]
