"""The bundle on OpenVINO, from the extra ``fast``. The only module that imports openvino."""

import ctypes
import os
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle.card import METADATA_KEY
from pneumoscope.errors import BundleError
from pneumoscope.extras import needed
from pneumoscope.files import sha256
from pneumoscope.screening.runtime.session import (
    INPUT,
    OUTPUTS,
    Outputs,
    Session,
    damaged,
    read_card,
    wanted_outputs,
)

with needed("OpenVINO", "fast"):
    import openvino

# Its first look at NumPy deadlocks when two threads take it at once (seen in 2026.4.1): take it here, alone.
_ = openvino.Tensor(np.zeros(1, np.uint8)).data


class OpenVinoSession(Session):
    """See Session. A forked process lacks OpenVINO's threads and would wait for them: it loads the bundle anew."""

    runtime = "openvino"

    def __init__(self, bundle: Path, workers: int) -> None:
        """Load; raises as ``open_session`` does."""
        self.path, self._workers = bundle, workers
        self._loading = threading.Lock()
        self._load()
        _sessions.add(self)

    def _load(self) -> None:
        options = {
            "NUM_STREAMS": self._workers,
            "INFERENCE_NUM_THREADS": self._workers,
            "INFERENCE_PRECISION_HINT": "f32",  # its own default follows the processor
        }
        core = openvino.Core()
        try:
            network = core.read_model(self.path)
            tensors = {name for port in (*network.inputs, *network.outputs) for name in port.get_names()}
            named = ["framework", METADATA_KEY]
            complete = tensors.issuperset({INPUT, *OUTPUTS}) and network.has_rt_info(named)
            self.card = read_card(network.get_rt_info(named).astype(str) if complete else None, self.path)
            self._wanted = wanted_outputs(self.card, tensors, self.path)
            self._network: Any = core.compile_model(network, "CPU", options)
        except RuntimeError as problem:
            raise damaged(self.path) from problem
        self._requests: dict[int, Any] = {}  # by thread: a request serves one

    def _infer(self, batch: NDArray[np.uint8]) -> Outputs:
        with self._loading:
            if self._network is None:
                if sha256(self.path) != self.sha256:
                    raise BundleError(f"{self.path}: changed since it was loaded; make a Screener in this process.")
                self._load()
        thread = threading.get_ident()
        if thread not in self._requests:
            self._requests[thread] = self._network.create_infer_request()
        answer = self._requests[thread].infer({INPUT: batch})
        return Outputs(*(answer[name] for name in self._wanted))

    def _let_go(self) -> None:
        """In a forked process: forget what OpenVINO made, and never free it, which would wait for its threads too."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object((self._network, self._requests)))
        self._network, self._loading = None, threading.Lock()


_sessions: "weakref.WeakSet[OpenVinoSession]" = weakref.WeakSet()


def _after_fork() -> None:
    for session in _sessions:
        session._let_go()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork)
