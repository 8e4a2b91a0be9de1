"""The bundle on ONNX Runtime, which is always there. The only module that imports onnxruntime."""

import ctypes
import os
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pneumoscope.bundle.card import METADATA_KEY
from pneumoscope.screening.runtime.fork_gate import ForkGate
from pneumoscope.screening.runtime.session import (
    INPUT,
    OUTPUTS,
    Outputs,
    Session,
    damaged,
    read_card,
    wanted_outputs,
)

_GATE = ForkGate()


class OnnxRuntimeSession(Session):
    """See Session."""

    runtime = "onnxruntime"

    def __init__(self, bundle: Path) -> None:
        """Load; raises as ``open_session`` does."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # each worker is a core already
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL  # int8 rounds by it
        options.log_severity_level = 4  # its messages come back as exceptions, which we put in words
        try:
            # by its path and not its content: the file's bytes would stay beside the network while it is built
            self._session = onnxruntime.InferenceSession(str(bundle), options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # onnxruntime's exceptions share no base
            raise damaged(bundle) from problem
        tensors = {tensor.name for tensor in (*self._session.get_inputs(), *self._session.get_outputs())}
        metadata = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        self.card = read_card(metadata if tensors.issuperset({INPUT, *OUTPUTS}) else None, bundle)
        self._wanted = wanted_outputs(self.card, tensors, bundle)
        _return_freed_memory()

    def _infer(self, batch: NDArray[np.uint8]) -> Outputs:
        with _GATE.running():
            return Outputs(*self._session.run(self._wanted, {INPUT: batch}))


def _return_freed_memory() -> None:
    """Give the system back what loading needed and freed (half of what the process holds); glibc would keep it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim:
        trim(0)
