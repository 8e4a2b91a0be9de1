"""A seal tells of every changed byte of a bundle."""

import hashlib
from pathlib import Path

import onnx
import pytest
from tiny import network

from pneumoscope.bundle.seal import ReferenceResult, SelfTestRecord, read_sealed, seal
from pneumoscope.errors import BundleError

FILM = ReferenceResult("1.png", "0" * 64, "screened", None, 0.1, 0.6, 0.2, "pneumonia")
REFUSED = ReferenceResult("2.png", "1" * 64, "not_assessed", "blank_image", None, None, None, None)
RECORD = SelfTestRecord("onnxruntime", "1.0", 0.001, (FILM, REFUSED))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.onnx"
    onnx.save(network(), path)
    return path


def test_a_seal_reads_back_under_the_digest_of_the_whole_file(bundle: Path) -> None:
    plain = bundle.read_bytes()
    assert read_sealed(bundle) == (hashlib.sha256(plain).hexdigest(), None)
    seal(bundle, RECORD)
    assert read_sealed(bundle) == (hashlib.sha256(bundle.read_bytes()).hexdigest(), RECORD)
    assert bundle.read_bytes().startswith(plain)


def test_a_sealed_bundle_is_the_same_network_with_one_more_entry(bundle: Path) -> None:
    before = onnx.load(bundle)
    seal(bundle, RECORD)
    after = onnx.load(bundle)
    onnx.checker.check_model(after)
    assert after.graph == before.graph
    assert [entry.key for entry in after.metadata_props] == ["pneumoscope.selftest"]


def test_a_second_seal_takes_the_place_of_the_first(bundle: Path) -> None:
    plain = bundle.read_bytes()
    seal(bundle, SelfTestRecord("onnxruntime", "0.9", 0.1, (FILM,) * 30))
    seal(bundle, RECORD)
    once = bundle.read_bytes()
    bundle.write_bytes(plain)
    seal(bundle, RECORD)
    assert bundle.read_bytes() == once


def test_every_changed_byte_is_noticed(bundle: Path) -> None:
    seal(bundle, RECORD)
    whole = bundle.read_bytes()
    for place in range(len(whole)):
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        bundle.write_bytes(content)
        with pytest.raises(BundleError, match="changed"):
            read_sealed(bundle)


def test_a_byte_too_few_or_too_many_is_noticed(bundle: Path) -> None:
    seal(bundle, RECORD)
    whole = bundle.read_bytes()
    for content in (whole[:-1], whole[:-40], whole[1:], whole + b"\0", whole[:50] + b"\0" + whole[50:]):
        bundle.write_bytes(content)
        with pytest.raises(BundleError, match="changed"):
            read_sealed(bundle)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"gone\.onnx: the model bundle cannot be read \(No such file"):
        read_sealed(tmp_path / "gone.onnx")
