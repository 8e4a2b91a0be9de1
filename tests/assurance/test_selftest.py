"""The self-test passes on the bundle that was sealed, and fails on every other."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from pneumoscope.assurance import selftest
from pneumoscope.assurance.agreement import TOLERANCE, Verdict
from pneumoscope.assurance.selftest import FILMS, FIRST, run_selftest, screen_checked, write_selftest
from pneumoscope.bundle.card import RELEASED
from pneumoscope.bundle.seal import read_sealed, seal
from pneumoscope.errors import AssuranceError, BundleError
from pneumoscope.imaging import read
from pneumoscope.screening.screener import Screener


def weight_changed(bundle: Path, out: Path, name: str | None = None) -> Path:
    """A copy of a bundle in which one weight has another sign, sealed with the record of the first."""
    _, record = read_sealed(bundle)
    model = onnx.load(bundle)
    tensor = next(one for one in model.graph.initializer if one.name == name or (name is None and "half" in one.name))
    values = numpy_helper.to_array(tensor).copy()
    values.flat[np.abs(values).argmax()] *= -1
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    del model.metadata_props[-1]
    onnx.save(model, out)
    assert record
    seal(out, record)
    return out


def test_the_bundle_that_was_sealed_passes(sealed: Screener) -> None:
    checks = run_selftest(sealed)
    assert len(checks) == 8
    assert {check.verdict for check in checks} == {Verdict.IDENTICAL}
    assert not any(check.failed for check in checks)


def test_the_films_cover_formats_and_depths() -> None:
    radiographs = {path.name: read(path) for path in FILMS.iterdir()}
    assert Counter(one.encoding for one in radiographs.values()) == {"DICOM": 3, "JPEG": 2, "PNG": 2, "TIFF": 1}
    assert {one.pixels.dtype.name for one in radiographs.values()} == {"uint8", "float32"}
    assert all(not one.remarks for one in radiographs.values())
    assert FIRST in radiographs


def test_one_changed_weight_fails(sealed_bundle: Path, tmp_path: Path) -> None:
    changed = Screener(weight_changed(sealed_bundle, tmp_path / "changed.onnx", "weight"))
    assert all(check.failed for check in run_selftest(changed))
    with pytest.raises(AssuranceError, match="Do not rely on results"):
        next(screen_checked(changed, [FILMS / FIRST]))
    assert next(changed.screen_many([FILMS / FIRST])).finding


def test_another_threshold_in_the_record_fails(sealed_bundle: Path, tmp_path: Path) -> None:
    """A decision that differs fails, though every score is the same."""
    path = tmp_path / "bundle.onnx"
    shutil.copy(sealed_bundle, path)
    _, record = read_sealed(path)
    assert record
    flipped = {"normal": "pneumonia", "pneumonia": "normal"}
    films = tuple(replace(film, finding=flipped[str(film.finding)]) for film in record.films)
    seal(path, replace(record, films=films))
    assert all(check.failed for check in run_selftest(Screener(path)))


def test_a_changed_reference_film_is_noticed(sealed: Screener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FILMS, tmp_path / "films")
    content = bytearray((FILMS / FIRST).read_bytes())
    content[-40] ^= 1
    (tmp_path / "films" / FIRST).write_bytes(content)
    monkeypatch.setattr(selftest, "FILMS", tmp_path / "films")
    with pytest.raises(AssuranceError, match=r"1-jpeg\.jpeg is not the one of the bundle's record"):
        run_selftest(sealed)


def test_without_dicom_the_other_films_are_tried(sealed: Screener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "find_spec", lambda name: None)
    verdicts = {check.film: check.verdict for check in run_selftest(sealed)}
    assert Counter(verdicts.values()) == {Verdict.IDENTICAL: 5, Verdict.NOT_REPLAYED: 3}
    assert all(name.endswith(".dcm") for name, verdict in verdicts.items() if verdict is Verdict.NOT_REPLAYED)


def test_without_dicom_a_record_has_the_other_films(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bundle.onnx"
    shutil.copy(tiny_bundle, path)
    monkeypatch.setattr(selftest, "find_spec", lambda name: None)
    assert len(write_selftest(path).films) == 5
    with Screener(path) as screener:
        assert [check.verdict for check in run_selftest(screener)] == [Verdict.IDENTICAL] * 5


def test_a_bundle_without_a_seal_says_so_and_screens(screener: Screener, films: list[Path]) -> None:
    with pytest.raises(BundleError, match=r"tiny 0\.0\.1 has no self-test"):
        run_selftest(screener)
    assert len(list(screen_checked(screener, films))) == len(films)


def test_a_checked_screening_gives_the_same_results(sealed: Screener, films: list[Path]) -> None:
    checked = list(screen_checked(sealed, films, "high-sensitivity"))
    assert checked == list(sealed.screen_many(films, "high-sensitivity"))


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_the_released_network_passes_and_fails_with_one_changed_weight(
    runtime: str, tmp_path: Path, make_sealed_release: Callable[[Path], Path]
) -> None:
    if runtime == "openvino":
        pytest.importorskip("openvino")
    bundle = make_sealed_release(tmp_path / "released.onnx")
    assert not any(check.failed for check in run_selftest(Screener(bundle, runtime=runtime)))
    changed = weight_changed(bundle, tmp_path / "changed.onnx")
    assert sum(check.failed for check in run_selftest(Screener(changed, runtime=runtime))) >= 4


@pytest.mark.slow
def test_the_tolerance_lets_no_other_decoder_pass() -> None:
    rng = np.random.default_rng(0)
    with Screener(runtime="onnxruntime") as screener:
        for path in sorted(FILMS.glob("*[gf]")):  # those of 8 bits, and one of 16
            pixels = np.rint(read(path).pixels).astype(np.int64)
            other = np.clip(pixels + rng.integers(-1, 2, pixels.shape), 0, 255)
            scores = [screener.screen(each.astype(np.uint8)).score or 0.0 for each in (pixels, other)]
            assert abs(scores[0] - scores[1]) > 10 * TOLERANCE


@pytest.fixture
def make_sealed_release() -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.write_bytes(RELEASED.read_bytes())
        write_selftest(path)
        return path

    return make


@pytest.mark.slow
def test_a_changed_byte_of_the_released_bundle_is_refused_when_it_is_loaded(
    tmp_path: Path, make_sealed_release: Callable[[Path], Path]
) -> None:
    bundle = make_sealed_release(tmp_path / "released.onnx")
    whole = bundle.read_bytes()
    for place in np.random.default_rng(0).integers(len(whole), size=5):
        content = bytearray(whole)
        content[place] ^= 1
        bundle.write_bytes(content)
        with pytest.raises(BundleError, match=r"changed after it was made|damaged|cannot be trusted"):
            Screener(bundle)
