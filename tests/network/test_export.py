import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from cards import make_card

from pneumoscope.bundle.card import METADATA_KEY, BundleCard
from pneumoscope.errors import BundleError
from pneumoscope.network.backend import import_keras
from pneumoscope.network.export import write_bundle
from pneumoscope.progress import silent
from pneumoscope.training.loop.validation import predict
from pneumoscope.training.radiographs.packing import PackedRadiographs

CARD = make_card(limits=("Knows nothing.", "Kennt Röntgenbilder nicht."))


@pytest.fixture(scope="module")
def bundle(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "random.onnx"
    write_bundle(network, CARD, path)
    return path


@pytest.fixture(scope="module")
def session(bundle: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(bundle, providers=["CPUExecutionProvider"])


def test_the_bundle_answers_as_the_network(
    network: Any, session: onnxruntime.InferenceSession, films: np.ndarray
) -> None:
    keras = import_keras()
    both = keras.Model(network.input, [network.output, network.get_layer("head_cam").output])
    expected = both.predict_on_batch(films.astype(np.float32))
    logits, maps = session.run(["logits", "cam"], {"radiograph": films})
    assert (logits.dtype, logits.shape) == (np.float32, (4, 3))
    assert (maps.dtype, maps.shape) == (np.float32, (4, 7, 7, 3))
    assert np.ptp(logits, axis=0).min() > 1e-2  # the films are told apart, so agreement says something
    np.testing.assert_allclose(logits, expected[0], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(maps, expected[1], rtol=1e-3, atol=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("size", [192, 112])
def test_the_graph_resizes_as_training_does(size: int, network: Any, films: np.ndarray, tmp_path: Path) -> None:
    write_bundle(network, CARD, tmp_path / "small.onnx", inference_size=size)
    session = onnxruntime.InferenceSession(tmp_path / "small.onnx", providers=["CPUExecutionProvider"])
    logits, maps = session.run(["logits", "cam"], {"radiograph": films})
    places = -(-size // 32)
    assert maps.shape == (4, places, places, 3)
    assert session.get_outputs()[1].shape == ["N", places, places, 3]
    packed = PackedRadiographs(films[..., 0], np.eye(4, 3, dtype=np.float32), np.ones(4, np.float32), np.full(4, ""))
    expected = predict(network, packed, size, silent)
    near = np.abs(logits - expected).max()
    far = np.abs(logits - network.predict_on_batch(films.astype(np.float32))).max()
    assert near < 1e-3
    assert near < 0.2 * far  # so the size matters


def test_a_film_alone_gets_the_answer_it_gets_in_a_batch(
    session: onnxruntime.InferenceSession, films: np.ndarray
) -> None:
    (together,) = session.run(["logits"], {"radiograph": films})
    alone = [session.run(["logits"], {"radiograph": film[None]})[0][0] for film in films]
    np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-4)


def test_the_bundle_declares_its_tensors(session: onnxruntime.InferenceSession) -> None:
    tensors = [*session.get_inputs(), *session.get_outputs()]
    assert [(tensor.name, tensor.type, tensor.shape) for tensor in tensors] == [
        ("radiograph", "tensor(uint8)", ["N", 224, 224, 1]),
        ("logits", "tensor(float)", ["N", 3]),
        ("cam", "tensor(float)", ["N", 7, 7, 3]),
    ]


def test_the_bundle_carries_its_card_and_nothing_else(session: onnxruntime.InferenceSession) -> None:
    metadata = session.get_modelmeta().custom_metadata_map
    assert set(metadata) == {METADATA_KEY}
    assert BundleCard.from_json(metadata[METADATA_KEY]) == CARD
    assert json.loads(metadata[METADATA_KEY])["rule"]["calibration"] == {
        "slope": 0.5, "intercept": 0.1, "prevalence": None
    }  # fmt: skip


def test_kernels_are_stored_in_half_precision_and_vectors_whole(bundle: Path) -> None:
    assert bundle.stat().st_size < 50e6
    for tensor in onnx.load(bundle).graph.initializer:
        if len(tensor.dims) == 4 and tensor.dims[0] > 1:
            assert tensor.data_type == onnx.TensorProto.FLOAT16, tensor.name
        else:
            assert tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.INT64), tensor.name


def test_the_same_model_and_card_make_the_same_bytes_and_leave_nothing_beside_them(
    network: Any, bundle: Path, tmp_path: Path
) -> None:
    write_bundle(network, CARD, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == bundle.read_bytes()
    write_bundle(network, replace(CARD, version="1.2.4"), tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() != bundle.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.onnx"]


def test_a_layer_that_the_export_does_not_know_is_refused(tmp_path: Path) -> None:
    keras = import_keras()
    inputs = keras.Input((224, 224, 1), name="radiograph")
    pooled = keras.layers.GlobalAveragePooling2D(name="pooled")(inputs)
    model = keras.Model(inputs, keras.layers.Dropout(0.5, name="forgetful")(pooled))
    with pytest.raises(BundleError, match="layer forgetful is a Dropout, which the export does not know"):
        write_bundle(model, CARD, tmp_path / "b.onnx")
    assert not list(tmp_path.iterdir())


def test_an_activation_that_the_export_does_not_know_is_refused(tmp_path: Path) -> None:
    keras = import_keras()
    inputs = keras.Input((224, 224, 1), name="radiograph")
    model = keras.Model(inputs, keras.layers.Activation("gelu", name="smooth")(inputs))
    with pytest.raises(BundleError, match="layer smooth has an activation"):
        write_bundle(model, CARD, tmp_path / "b.onnx")
