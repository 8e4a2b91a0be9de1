from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from onnx import helper, load, numpy_helper, save

from pneumoscope.errors import BundleError
from pneumoscope.screening.session import Session

MakeBundle = Callable[..., Path]


def test_logits_are_the_mean_of_the_maps_plus_bias(tiny_bundle: Path) -> None:
    batch = np.random.default_rng(0).integers(0, 256, (3, 224, 224), dtype=np.uint8)
    logits, cams = Session(tiny_bundle, 1).run(batch)
    assert logits.shape == (3, 3)
    assert cams.shape == (3, 7, 7, 3)
    np.testing.assert_allclose(logits, cams.mean((1, 2)) + np.array([0, -10, -7]), atol=1e-5)


def test_hash_is_the_files(tiny_bundle: Path) -> None:
    assert Session(tiny_bundle, 1).sha256 == sha256(tiny_bundle.read_bytes()).hexdigest()


def test_missing_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"gone\.onnx.*No such file"):
        Session(tmp_path / "gone.onnx", 1)


@pytest.mark.parametrize("damage", ["cut", "overwritten", "empty"])
def test_damaged_bundle(tiny_bundle: Path, tmp_path: Path, damage: str) -> None:
    content = tiny_bundle.read_bytes()
    broken = {"cut": content[: len(content) // 2], "overwritten": b"\xff" * len(content), "empty": b""}
    path = tmp_path / "broken.onnx"
    path.write_bytes(broken[damage])
    with pytest.raises(BundleError, match=r"broken\.onnx"):
        Session(path, 1)


def test_an_onnx_file_that_is_no_bundle(make_bundle: MakeBundle, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no Pneumoscope bundle"):
        Session(make_bundle(tmp_path / "bare.onnx", None), 1)


def test_unknown_schema_names_the_file(make_bundle: MakeBundle, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"future\.onnx.*999"):
        Session(make_bundle(tmp_path / "future.onnx", {"schema": 999}), 1)


def test_a_model_that_answers_nan_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    model = load(tiny_bundle)
    for constant in model.graph.initializer:
        if constant.name == "bias":
            constant.CopyFrom(numpy_helper.from_array(np.full(3, np.nan, np.float32), "bias"))
    helper.set_model_props(model, {"pneumoscope": model.metadata_props[0].value})
    save(model, tmp_path / "nan.onnx")
    with pytest.raises(BundleError, match="not numbers"):
        Session(tmp_path / "nan.onnx", 1).run(np.zeros((1, 224, 224), np.uint8))
