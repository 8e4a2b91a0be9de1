"""Keras, imported late and with the settings that pay on a processor."""

import logging
import os
from functools import cache
from types import ModuleType

from pneumoscope.compute.cores import instructions
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
    """Whether the backend will find hardware that multiplies bfloat16 natively.

    That is a graphics card (NVIDIA's since Ampere, 2020; none was at hand to try it), or a processor with AMX or
    AVX-512 BF16.
    """
    return _on_graphics_card() or bool(instructions() & {"amx_bf16", "avx512_bf16"})


def _on_graphics_card() -> bool:
    keras = import_keras()
    if keras.backend.backend() == "torch":  # for which Keras cannot list the devices
        import torch

        return bool(torch.cuda.is_available())
    return any(device.startswith("gpu") for device in keras.distribution.list_devices())
