import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from limits import files_of_at_most

from pneumoscope.bundle.card import QUANTIZED, RELEASED
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import BundleError
from pneumoscope.imaging import read, to_input
from pneumoscope.network.quantize import quantize
from pneumoscope.progress import silent
from pneumoscope.screening.runtime.opening import open_session

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[2] / "src" / "pneumoscope" / "samples"


@pytest.fixture(scope="module")
def synthetic() -> np.ndarray:
    return np.stack([to_input(read(path)) for path in sorted(SAMPLES.glob("*.png"))])


@pytest.fixture(scope="module")
def int8(synthetic: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quantized") / "int8.onnx"
    done: list[int] = []
    quantize(RELEASED, synthetic, path, {"fingerprint": "f"}, lambda what, count, total: done.append(count))
    assert done == list(range(1, len(synthetic) + 1))
    return path


def test_int8_answers_nearly_as_float_at_half_the_size(synthetic: np.ndarray, int8: Path) -> None:
    expected = open_session(RELEASED, 1, "onnxruntime").run(synthetic).logits
    logits, maps, *_ = open_session(int8, 1, "onnxruntime").run(synthetic)
    assert np.ptp(expected, axis=0).min() > 2
    np.testing.assert_allclose(logits, expected, atol=1.25)  # of logits that lie 19 apart
    assert np.abs(logits - expected).mean() < 0.5
    np.testing.assert_array_equal(pneumonia_score(logits) > 0, pneumonia_score(expected) > 0)
    assert np.abs(logits - expected).max() > 0
    assert maps.shape == (len(synthetic), 6, 6, 3)  # what the released network reads at 192 pixels
    assert int8.stat().st_size < 0.55 * RELEASED.stat().st_size


def test_a_full_disk_is_named_and_nothing_is_written(synthetic: np.ndarray, tmp_path: Path) -> None:
    with files_of_at_most(1_000_000), pytest.raises(OSError, match=r"File too large: .*plain\.onnx"):
        quantize(RELEASED, synthetic, tmp_path / "int8.onnx", {}, silent)
    assert not list(tmp_path.iterdir())


def test_from_the_head_on_nothing_is_rounded_to_8_bits(int8: Path) -> None:
    known, kinds = {"head_cam"}, set()
    for node in onnx.load(int8).graph.node:
        if known & set(node.input):
            known |= set(node.output)
            kinds.add(node.op_type)
    assert {"logits", "cam"} <= known
    assert kinds == {"Transpose", "GlobalAveragePool", "Flatten"}


def test_the_kernels_leave_room_for_sums_of_16_bits(int8: Path) -> None:
    kernels = [
        onnx.numpy_helper.to_array(stored)
        for stored in onnx.load(int8).graph.initializer
        if stored.data_type == onnx.TensorProto.INT8 and len(stored.dims) == 4
    ]
    assert len(kernels) == 53  # every convolution of a ResNet50; the head is in float
    assert max(int(np.abs(kernel.astype(int)).max()) for kernel in kernels) <= 64


def test_the_card_keeps_the_thresholds_and_says_what_was_done(int8: Path) -> None:
    before, after = (open_session(path, 1, "onnxruntime").card for path in (RELEASED, int8))
    assert after.version == f"{before.version}+int8"
    assert after.quantized
    assert after.rule == before.rule
    assert after.training == before.training | {QUANTIZED: {"fingerprint": "f", "radiographs": 10}}


def test_the_same_films_give_the_same_file(synthetic: np.ndarray, int8: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.onnx"
    quantize(RELEASED, synthetic, again, {"fingerprint": "f"}, silent)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(int8.read_bytes()).digest()
    assert [path.name for path in tmp_path.iterdir()] == ["again.onnx"]


def test_what_cannot_be_quantized(synthetic: np.ndarray, int8: Path, tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    bare = onnx.load(int8)
    del bare.metadata_props[:]
    onnx.save(bare, tmp_path / "bare.onnx")
    for name in ("text.onnx", "bare.onnx", "gone.onnx"):
        with pytest.raises(BundleError, match=name):
            quantize(tmp_path / name, synthetic, tmp_path / "out.onnx", {}, silent)
    with pytest.raises(BundleError, match="it is int8 already"):
        quantize(int8, synthetic, tmp_path / "out.onnx", {}, silent)
    assert not (tmp_path / "out.onnx").exists()
