"""The released bundle, and its logits."""

import numpy as np
from numpy.typing import NDArray

from experiments.test_set_audit.changes import Change, Pixels
from pneumoscope.bundle.card import RELEASED
from pneumoscope.compute.pool import WorkerPool
from pneumoscope.screening.runtime.opening import ONNX_RUNTIME, open_session
from pneumoscope.screening.runtime.session import Session


def released() -> Session:
    """The released bundle on the reference runtime."""
    return open_session(RELEASED, 2, ONNX_RUNTIME)


def score(session: Session, pixels: list[Pixels], change: Change = np.asarray) -> NDArray[np.float32]:
    """Logits (N, 3), one radiograph at a time, as screening does."""
    with WorkerPool(2) as pool:
        return np.concatenate(list(pool.map(lambda seen: session.run(change(seen)[None]).logits, pixels)))
