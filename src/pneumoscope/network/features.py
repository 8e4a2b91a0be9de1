"""What the envelope's head reads, for fitting it: pooled features of a picture, and the cells of its lung map."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from pneumoscope.network.envelope import LUNG_STAGE, STAGES, Adder, drop_envelope, load_float_bundle


class Features:
    """A float bundle that gives what an envelope's head reads."""

    def __init__(self, bundle: Path) -> None:
        """Load a float bundle; raises as :func:`load_float_bundle` does."""
        proto, self.card = load_float_bundle(bundle)
        add = Adder(proto.graph)
        drop_envelope(proto.graph)
        self._pooled = [add.node("GlobalAveragePool", [stage], f"tap_{stage}") for stage in STAGES]
        for name in (*self._pooled, LUNG_STAGE):
            proto.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(proto.SerializeToString(), options)

    def pooled(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The features of one input, uint8 (size, size): float32 (1792,). Safe from many threads."""
        found = self._session.run(self._pooled, {"radiograph": pixels[None, :, :, None]})
        return np.concatenate([stage.reshape(-1) for stage in found])

    def cells(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The features of the cells of one input, uint8 (size, size): float32 (Q, Q, 1024)."""
        [found] = self._session.run([LUNG_STAGE], {"radiograph": pixels[None, :, :, None]})
        return np.asarray(found[0].transpose(1, 2, 0))
