"""Which runtime loads a bundle, and loading it."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from pneumoscope.bundle.card import RELEASED
from pneumoscope.bundle.seal import Sealed, read_sealed
from pneumoscope.compute.cores import instructions
from pneumoscope.errors import BundleError, DataError
from pneumoscope.screening.runtime.session import Session

ONNX_RUNTIME, OPENVINO = "onnxruntime", "openvino"

RUNTIMES = ("auto", ONNX_RUNTIME, OPENVINO)
"""What may do the arithmetic, in float32."""


def open_session(bundle: Path, workers: int, runtime: str = "auto") -> Session:
    """Load a bundle onto the processor.

    Args:
        bundle: the ONNX file.
        workers: how many threads will call ``run`` at once. Each inference keeps to its own thread: with radiographs to
            spare that uses the cores better than several threads on one of them.
        runtime: one of RUNTIMES. "auto" takes OpenVINO where it is installed, the processor profits (AVX-512) and it is
            validated for this very bundle, and ONNX Runtime everywhere else.

    Raises:
        BundleError: when the file is missing, damaged, changed after it was sealed, no Pneumoscope bundle, or of an
            unknown schema.
        MissingExtraError: when OpenVINO was asked for and is not installed.
        DataError: when the runtime is unknown, or an int8 bundle is to run on OpenVINO.
    """
    if runtime not in RUNTIMES:
        raise DataError(f"Unknown runtime {runtime!r}. Known: {', '.join(RUNTIMES)}.")
    with ThreadPoolExecutor(1) as pool:  # hashing takes a tenth of the start, and loading need not wait for it
        sealed = pool.submit(read_sealed, bundle)
        try:
            session = _load(bundle, workers, runtime, sealed)
        except BundleError:
            sealed.result()  # knows better what is wrong with a file that cannot even be read
            raise
        session.path, (session.sha256, session.selftest) = bundle, sealed.result()
    if session.runtime != ONNX_RUNTIME and session.card.quantized:
        raise DataError(
            f"{bundle}: an int8 bundle, with which OpenVINO has given wrong answers (docs/performance.md). "
            f"Use --runtime {ONNX_RUNTIME}."
        )
    return session


def _load(bundle: Path, workers: int, runtime: str, sealed: Future[Sealed]) -> Session:
    if runtime == "auto":
        runtime = choose(sealed.result()[0]) if find_spec("openvino") else ONNX_RUNTIME
    if runtime == ONNX_RUNTIME:
        from pneumoscope.screening.runtime.onnx_runtime import OnnxRuntimeSession

        return OnnxRuntimeSession(bundle)
    from pneumoscope.screening.runtime.openvino_runtime import OpenVinoSession

    return OpenVinoSession(bundle, workers)


def choose(sha256: str) -> str:
    """Choose the fastest runtime that suits this processor and is validated for a bundle, if OpenVINO is installed."""
    return OPENVINO if "avx512f" in instructions() and OPENVINO in validated(sha256) else ONNX_RUNTIME


def validated(sha256: str) -> frozenset[str]:
    """Name the runtimes that gave the reference's decisions with this bundle (benchmarks/precision.py finds them)."""
    record = json.loads(RELEASED.with_name("validated_runtimes.json").read_text(encoding="utf-8"))
    return frozenset(record.get(sha256, []))
