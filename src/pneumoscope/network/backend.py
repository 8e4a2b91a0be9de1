"""Keras, imported late and with the settings that pay on a processor."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType

from pneumoscope.compute.cores import instructions
from pneumoscope.extras import needed


@cache
def import_keras() -> ModuleType:
    """Import Keras 3 with the backend that ``KERAS_BACKEND`` names (TensorFlow by default).

    oneDNN kernels are switched on for TensorFlow: it leaves them off on processors without AVX-512, where training is
    faster with them too.

    Raises:
        MissingExtraError: Keras or the backend is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of every new input size
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with needed("Training", "train"), _unheard():
        import keras
    module: ModuleType = keras
    return module


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep off the terminal what libraries write to standard error in this context, unless it fails.

    TensorFlow says on import that oneDNN is on, twice, and no setting keeps it from that.
    """
    try:
        terminal = os.dup(2)
    except OSError:  # a process without standard error
        yield
        return
    with tempfile.TemporaryFile() as said:
        try:
            os.dup2(said.fileno(), 2)
            yield
        except BaseException:
            said.seek(0)
            os.write(terminal, said.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def training_precision() -> str:
    """The Keras dtype policy that trains fastest here: "mixed_bfloat16" where that pays, else "float32"."""
    return "mixed_bfloat16" if bfloat16_pays() else "float32"


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Build and train networks under a Keras dtype policy in this context; afterwards the one before holds again."""
    config = import_keras().config
    before = config.dtype_policy()
    config.set_dtype_policy(name)
    try:
        yield
    finally:
        config.set_dtype_policy(before)


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
