"""The bundle in memory, ready to run, whichever runtime does the arithmetic."""

import hashlib
import json
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle.card import RELEASED, BundleCard
from pneumoscope.compute.cores import instructions
from pneumoscope.errors import BundleError, DataError

RUNTIMES = ("auto", "onnxruntime", "openvino", "openvino-bf16")
"""What may do the arithmetic: float32 in both runtimes, or bfloat16 where that is proven to change no decision."""

OUTPUTS = ("logits", "cam")

Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]


class Session(ABC):
    """One loaded bundle; ``run`` may be called from as many threads at once as it was opened for.

    Attributes:
        path: the bundle file.
        sha256: hex digest of the bundle file.
        card: what the bundle says of itself.
        runtime: one of RUNTIMES, never "auto".
    """

    path: Path
    sha256: str
    card: BundleCard
    runtime: str

    def run(self, radiographs: NDArray[np.uint8]) -> Outputs:
        """Infer one batch, on the calling thread alone.

        Args:
            radiographs: uint8 (N, size, size), 0..255, as ``imaging.to_input`` makes them.

        Returns:
            Logits float32 (N, 3) in the order of ``decision.labels.CLASSES``, and class-activation maps float32 (N, P, P, 3).

        Raises:
            BundleError: when the model answers with something that is not a number.
        """
        logits, cams = self._infer(radiographs[..., None])
        if not (np.isfinite(logits).all() and np.isfinite(cams).all()):
            raise BundleError(f"{self.path}: the model answered with values that are not numbers; do not use it.")
        return logits, cams

    @abstractmethod
    def _infer(self, batch: NDArray[np.uint8]) -> Outputs: ...


def open_session(bundle: Path, workers: int, runtime: str = "auto") -> Session:
    """Load a bundle onto the processor.

    Args:
        bundle: the ONNX file.
        workers: how many threads will call ``run`` at once. Each inference keeps to its own thread: with films to spare
            that uses the cores better than several threads on one film.
        runtime: one of RUNTIMES. "auto" takes OpenVINO where it is installed, the processor profits (AVX-512) and the
            released evidence covers this very bundle, and ONNX Runtime everywhere else.

    Raises:
        BundleError: when the file is missing, damaged, no Pneumoscope bundle, or of an unknown schema.
        MissingExtraError: when OpenVINO was asked for and is not installed.
        DataError: when the runtime is unknown, or its precision not proven for this bundle, or integers on OpenVINO.
    """
    if runtime not in RUNTIMES:
        raise DataError(f"Unknown runtime {runtime!r}. Known: {', '.join(RUNTIMES)}.")
    with ThreadPoolExecutor(1) as pool:  # hashing takes a tenth of the start, and loading need not wait for it
        digest = pool.submit(_sha256, bundle)
        try:
            session = _load(bundle, workers, runtime, digest)
        except BundleError:
            digest.result()  # knows better what is wrong with a file that cannot even be read
            raise
        session.path, session.sha256 = bundle, digest.result()
    if session.runtime != "onnxruntime" and "quantized" in session.card.training:
        raise DataError(
            f"{bundle}: a bundle of integers, with which OpenVINO has given wrong answers (docs/performance.md). "
            "Use --runtime onnxruntime."
        )
    return session


def _load(bundle: Path, workers: int, runtime: str, digest: Future[str]) -> Session:
    if runtime == "auto":
        runtime = choose(digest.result()) if find_spec("openvino") else "onnxruntime"
    if runtime == "onnxruntime":
        from pneumoscope.screening.runtime.onnx_runtime import OnnxRuntimeSession

        return OnnxRuntimeSession(bundle)
    if runtime == "openvino-bf16" and runtime not in proven(digest.result()):
        raise DataError(
            f"{bundle}: bfloat16 is not proven to keep this bundle's decisions. Use --runtime openvino; or prove it on "
            "labelled films from a checkout of the source: python benchmarks/precision.py"
        )
    from pneumoscope.screening.runtime.openvino_runtime import OpenVinoSession

    return OpenVinoSession(bundle, workers, bfloat16=runtime == "openvino-bf16")


def _sha256(bundle: Path) -> str:
    try:
        with bundle.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise BundleError(f"{bundle}: the model bundle cannot be read ({problem.strerror}).") from problem


def choose(sha256: str) -> str:
    """Choose the fastest runtime that suits this processor and is proven for this bundle, if OpenVINO is installed."""
    available = instructions()
    if available & {"amx_bf16", "avx512_bf16"} and "openvino-bf16" in proven(sha256):
        return "openvino-bf16"
    return "openvino" if "avx512f" in available and "openvino" in proven(sha256) else "onnxruntime"


def proven(sha256: str) -> frozenset[str]:
    """Name the runtimes that gave the reference's decisions with this bundle, as benchmarks/precision.py found them."""
    record = json.loads(RELEASED.with_name("proven.json").read_text())
    return frozenset(record.get(sha256, []))


def read_card(metadata: str | None, bundle: Path) -> BundleCard:
    """Read the card from an ONNX file's metadata.

    Raises:
        BundleError: when there is none, or one that this version does not know.
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
