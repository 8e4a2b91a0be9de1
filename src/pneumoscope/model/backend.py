"""Keras, imported late and with the settings that pay on a processor."""

import logging
import os
from functools import cache
from types import ModuleType

from pneumoscope.errors import MissingExtraError


@cache
def import_keras() -> ModuleType:
    """Import Keras 3 with the backend that ``KERAS_BACKEND`` names (TensorFlow by default).

    oneDNN kernels are switched on for TensorFlow: it leaves them off on processors without AVX-512, where training is
    faster with them too.

    Raises:
        MissingExtraError: Keras or the backend is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of every new input size
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        import keras
    except ImportError as error:
        raise MissingExtraError("Training", "train") from error
    module: ModuleType = keras
    return module


def bfloat16_pays() -> bool:
    """Whether this processor multiplies bfloat16 natively (AMX or AVX-512 BF16)."""
    try:
        with open("/proc/cpuinfo") as stream:
            flags = next((line for line in stream if line.startswith("flags")), "").split()
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags
