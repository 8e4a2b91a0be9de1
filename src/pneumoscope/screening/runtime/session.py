"""One loaded bundle, whichever runtime does the arithmetic. Each runtime has one module that imports it.

To add a runtime, write its module with a subclass of Session and add it to ``opening``.
"""

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle.card import BundleCard
from pneumoscope.bundle.seal import SelfTestRecord
from pneumoscope.errors import BundleError

INPUT = "radiograph"
OUTPUTS = ("logits", "cam")

Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]


class Session(ABC):
    """One loaded bundle; ``run`` may be called from as many threads at once as it was opened for.

    Attributes:
        path: the bundle file.
        sha256: hex digest of the bundle file.
        selftest: what its self-test expects; None where the bundle has none.
        card: what the bundle says of itself.
        runtime: its name, one of ``opening.RUNTIMES`` but "auto".
    """

    path: Path
    sha256: str
    selftest: SelfTestRecord | None
    card: BundleCard
    runtime: str

    def run(self, radiographs: NDArray[np.uint8]) -> Outputs:
        """Infer one batch, on the calling thread alone.

        Args:
            radiographs: uint8 (N, size, size), 0..255, as ``imaging.to_input`` makes them.

        Returns:
            Logits float32 (N, 3) in the order of ``decision.labels.CLASSES``, and class-activation maps float32
            (N, P, P, 3).

        Raises:
            BundleError: when the model answers with something that is not a number.
        """
        logits, cams = self._infer(radiographs[..., None])
        if not (np.isfinite(logits).all() and np.isfinite(cams).all()):
            raise BundleError(f"{self.path}: the model answered with values that are not numbers; do not use it.")
        return logits, cams

    @abstractmethod
    def _infer(self, batch: NDArray[np.uint8]) -> Outputs: ...


def read_card(metadata: str | None, bundle: Path) -> BundleCard:
    """Read the card from an ONNX file's metadata.

    Raises:
        BundleError: when there is none, or one that cannot be trusted.
    """
    if metadata is None:
        raise BundleError(f"{bundle}: an ONNX file, but no Pneumoscope bundle; `pneumoscope export` makes one.")
    try:
        return BundleCard.from_json(metadata)
    except BundleError as problem:
        raise BundleError(f"{bundle}: {problem}") from problem


def damaged(bundle: Path) -> BundleError:
    """Say that a runtime could not load the file."""
    return BundleError(f"{bundle}: the model bundle is damaged or no ONNX file; copy or install it again.")
