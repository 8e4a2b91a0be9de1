"""One loaded bundle, whichever runtime does the arithmetic. Each runtime has one module that imports it.

To add a runtime, write its module with a subclass of Session and add it to ``opening``.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle.card import BundleCard
from pneumoscope.bundle.seal import SelfTestRecord
from pneumoscope.decision import envelope
from pneumoscope.errors import BundleError

INPUT = "radiograph"
OUTPUTS = ("logits", "cam")


class Outputs(NamedTuple):
    """What the network says of a batch of N radiographs.

    Attributes:
        logits: float32 (N, 3) in the order of ``decision.labels.CLASSES``.
        cam: float32 (N, P, P, 3), class-activation maps.
        content: float32 (N, 10), logits in the order of ``decision.envelope.KINDS``; None without an envelope.
        novelty: float32 (N,), how unlike frontal radiographs it is, 0 or more; None without an envelope.
        lungs: float32 (N, Q, Q), 0..1, how likely each cell is lung; None without an envelope.
    """

    logits: NDArray[np.float32]
    cam: NDArray[np.float32]
    content: NDArray[np.float32] | None = None
    novelty: NDArray[np.float32] | None = None
    lungs: NDArray[np.float32] | None = None


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

        Raises:
            BundleError: when the model answers with something that is not a number.
        """
        found = self._infer(radiographs[..., None])
        if not all(np.isfinite(values).all() for values in found if values is not None):
            raise BundleError(f"{self.path}: the model answered with values that are not numbers; do not use it.")
        return found

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


def wanted_outputs(card: BundleCard, tensors: Collection[str], bundle: Path) -> tuple[str, ...]:
    """Name the tensors that a bundle gives, as its card promises.

    Raises:
        BundleError: its graph gives less.
    """
    wanted = OUTPUTS + envelope.OUTPUTS if card.envelope else OUTPUTS
    if missing := [name for name in wanted if name not in tensors]:
        raise BundleError(f"{bundle}: the bundle cannot be trusted: it has no output {', '.join(missing)}.")
    return wanted


def damaged(bundle: Path) -> BundleError:
    """Say that a runtime could not load the file."""
    return BundleError(f"{bundle}: the model bundle is damaged or no ONNX file; copy or install it again.")
