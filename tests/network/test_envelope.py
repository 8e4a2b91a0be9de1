"""The head in the graph gives what the formula gives, and changes nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cards import make_card

from pneumoscope.bundle.card import RELEASED, BundleCard
from pneumoscope.decision.envelope import Envelope
from pneumoscope.errors import BundleError
from pneumoscope.network.envelope import (
    ContentHead,
    Head,
    LungHead,
    NoveltyHead,
    write_envelope,
    write_without_envelope,
)
from pneumoscope.network.features import Features
from pneumoscope.release.envelope.fit import score
from pneumoscope.screening.runtime.opening import open_session

LIMITS = Envelope(0.5, 7.0, 0.05)


def card(limits: Envelope) -> BundleCard:
    return make_card(envelope=limits)


@pytest.fixture(scope="module")
def head() -> Head:
    rng = np.random.default_rng(0)

    def half(*shape: int, scale: float = 0.02) -> np.ndarray:
        return rng.normal(0, scale, shape).astype(np.float16).astype(np.float32)  # as the file stores them

    axes = np.linalg.qr(rng.normal(size=(1792, 5)))[0].astype(np.float16).astype(np.float32)
    return Head(
        ContentHead(abs(half(1792)), 0.5 + abs(half(1792)), half(1792, 10), half(10)),
        NoveltyHead(axes, np.linspace(0.1, 0.5, 5, dtype=np.float32), 2.0),
        LungHead(half(1024), -0.3),
    )


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The released bundle without its envelope."""
    path = tmp_path_factory.mktemp("bare") / "bundle.onnx"
    write_without_envelope(RELEASED, path)
    return path


@pytest.fixture(scope="module")
def written(head: Head, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("envelope") / "bundle.onnx"
    write_envelope(RELEASED, head, card(LIMITS), path)
    return path


def test_the_graph_computes_the_formula_and_the_decision_stays(head: Head, bare: Path, written: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (2, 224, 224), dtype=np.uint8)
    before, after = (open_session(path, 1, "onnxruntime").run(pixels) for path in (bare, written))
    np.testing.assert_allclose(after.logits, before.logits, atol=1e-4)
    np.testing.assert_allclose(after.cam, before.cam, atol=1e-3)
    assert (before.content, before.novelty, before.lungs) == (None, None, None)
    network = Features(written)
    expected = score(head, np.stack([network.pooled(one) for one in pixels]))
    np.testing.assert_allclose(after.content, expected.content, rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(after.novelty, expected.novelty, rtol=1e-3)
    odds = network.cells(pixels[0]) @ head.lungs.kernel + head.lungs.bias
    np.testing.assert_allclose(after.lungs[0], 1 / (1 + np.exp(-odds)), atol=1e-4)


def test_the_card_holds_the_limits(written: Path) -> None:
    assert open_session(written, 1).card == card(LIMITS)


def test_an_envelope_is_replaced_and_never_doubled(head: Head, written: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.onnx"
    write_envelope(written, head, card(LIMITS), again)
    assert again.read_bytes() == written.read_bytes()
    other = replace(head, lungs=replace(head.lungs, bias=9.0))
    write_envelope(written, other, card(replace(LIMITS, least_margin=0.5)), again)
    assert open_session(again, 1).run(np.zeros((1, 224, 224), np.uint8)).lungs.min() > 0.9


def test_what_is_no_float_bundle_is_refused(head: Head, tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no bundle")
    for path in (tmp_path / "text.onnx", tmp_path / "none.onnx"):
        with pytest.raises(BundleError):
            write_envelope(path, head, card(LIMITS), tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()
