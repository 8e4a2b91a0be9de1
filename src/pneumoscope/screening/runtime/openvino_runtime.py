"""The bundle on OpenVINO, from the extra ``fast``. The only module that imports openvino."""

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle.card import METADATA_KEY
from pneumoscope.extras import needed
from pneumoscope.screening.runtime.session import (
    INPUT,
    OUTPUTS,
    Outputs,
    Session,
    check_outputs,
    damaged,
    read_card,
    wanted_outputs,
)

with needed("OpenVINO", "fast"):
    import openvino

# Its first look at NumPy deadlocks when two threads take it at once (seen in 2026.4.1): take it here, alone.
_ = openvino.Tensor(np.zeros(1, np.uint8)).data


class OpenVinoSession(Session):
    """See Session."""

    runtime = "openvino"

    def __init__(self, bundle: Path, workers: int) -> None:
        """Load; raises as ``open_session`` does."""
        options = {
            "NUM_STREAMS": workers,
            "INFERENCE_NUM_THREADS": workers,
            "INFERENCE_PRECISION_HINT": "f32",  # its own default follows the processor
        }
        core = openvino.Core()
        try:
            network = core.read_model(bundle)
            tensors = {name for port in (*network.inputs, *network.outputs) for name in port.get_names()}
            named = ["framework", METADATA_KEY]
            complete = tensors.issuperset({INPUT, *OUTPUTS}) and network.has_rt_info(named)
            self.card = read_card(network.get_rt_info(named).astype(str) if complete else None, bundle)
            self._wanted = wanted_outputs(self.card)
            check_outputs(tensors, self._wanted, bundle)
            self._network = core.compile_model(network, "CPU", options)
        except RuntimeError as problem:
            raise damaged(bundle) from problem
        self._own = threading.local()  # an infer request serves one thread

    def _infer(self, batch: NDArray[np.uint8]) -> Outputs:
        if not hasattr(self._own, "request"):
            self._own.request = self._network.create_infer_request()
        answer = self._own.request.infer({INPUT: batch})
        return Outputs(*(answer[name] for name in self._wanted))
