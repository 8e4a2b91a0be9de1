"""The bundle in memory, ready to run. The only module that imports onnxruntime."""

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pneumoscope.errors import BundleError
from pneumoscope.model.bundle import METADATA_KEY, BundleCard

_OUTPUTS = ["logits", "cam"]


class Session:
    """One loaded bundle.

    Attributes:
        card: what the bundle says of itself.
        sha256: hex digest of the bundle file.
        path: the bundle file.
    """

    def __init__(self, bundle: Path, threads: int) -> None:
        """Load a bundle onto the CPU.

        Args:
            bundle: the ONNX file.
            threads: how many threads one inference may use.

        Raises:
            BundleError: when the file is missing, damaged, no Pneumoscope bundle, or of an unknown schema.
        """
        try:
            content = bundle.read_bytes()
        except OSError as problem:
            raise BundleError(f"{bundle}: the model bundle cannot be read ({problem.strerror}).") from problem
        self.path = bundle
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._session = _load(content, bundle, threads)
        self.card = _card(self._session, bundle)

    def run(self, radiographs: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Infer one batch.

        Args:
            radiographs: uint8 (N, size, size), 0..255, as ``imaging.to_input`` makes them.

        Returns:
            Logits float32 (N, 3) in the order of ``data.film.CLASSES``, and class-activation maps float32 (N, 7, 7, 3).

        Raises:
            BundleError: when the model answers with something that is not a number.
        """
        logits, cams = self._session.run(_OUTPUTS, {"radiograph": radiographs[..., None]})
        if not (np.isfinite(logits).all() and np.isfinite(cams).all()):
            raise BundleError(f"{self.path}: the model answered with values that are not numbers; do not use it.")
        return logits, cams


def _load(content: bytes, bundle: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its messages come back as exceptions, which we put in words
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the decoding threads want the cores
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # onnxruntime's exceptions share no base
        raise BundleError(
            f"{bundle}: the model bundle is damaged or no ONNX file; copy or install it again."
        ) from problem


def _card(session: onnxruntime.InferenceSession, bundle: Path) -> BundleCard:
    metadata = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    outputs = {output.name for output in session.get_outputs()}
    if metadata is None or not outputs.issuperset(_OUTPUTS) or session.get_inputs()[0].name != "radiograph":
        raise BundleError(f"{bundle}: an ONNX file, but no Pneumoscope bundle; `pneumoscope export` makes one.")
    try:
        return BundleCard.from_json(metadata)
    except BundleError as problem:
        raise BundleError(f"{bundle}: {problem}") from problem
