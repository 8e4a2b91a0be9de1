import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from onnx import helper, load, numpy_helper, save

from pneumoscope.bundle.card import RELEASED
from pneumoscope.errors import BundleError, DataError
from pneumoscope.screening.runtime.opening import choose, open_session

MakeBundle = Callable[..., Path]


@pytest.fixture(params=["onnxruntime", "openvino"])
def runtime(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(request.param, reason="needs pneumoscope[fast]")
    return str(request.param)


def test_logits_are_the_mean_of_the_maps_plus_bias(tiny_bundle: Path, runtime: str) -> None:
    batch = np.random.default_rng(0).integers(0, 256, (3, 224, 224), dtype=np.uint8)
    logits, cams, *_ = open_session(tiny_bundle, 1, runtime).run(batch)
    assert logits.shape == (3, 3)
    assert cams.shape == (3, 7, 7, 3)
    np.testing.assert_allclose(logits, cams.mean((1, 2)) + np.array([0, -10, -7]), atol=1e-5)


def test_hash_is_the_files(tiny_bundle: Path, runtime: str) -> None:
    assert open_session(tiny_bundle, 1, runtime).sha256 == sha256(tiny_bundle.read_bytes()).hexdigest()


def test_missing_bundle(tmp_path: Path, runtime: str) -> None:
    with pytest.raises(BundleError, match=r"gone\.onnx.*No such file"):
        open_session(tmp_path / "gone.onnx", 1, runtime)


@pytest.mark.parametrize("damage", ["cut", "overwritten", "empty"])
def test_damaged_bundle(tiny_bundle: Path, tmp_path: Path, damage: str, runtime: str) -> None:
    content = tiny_bundle.read_bytes()
    broken = {"cut": content[: len(content) // 2], "overwritten": b"\xff" * len(content), "empty": b""}
    path = tmp_path / "broken.onnx"
    path.write_bytes(broken[damage])
    with pytest.raises(BundleError, match=r"broken\.onnx"):
        open_session(path, 1, runtime)


def test_an_onnx_file_that_is_no_bundle(make_bundle: MakeBundle, tmp_path: Path, runtime: str) -> None:
    with pytest.raises(BundleError, match="no Pneumoscope bundle"):
        open_session(make_bundle(tmp_path / "bare.onnx", None), 1, runtime)


def test_unknown_schema_names_the_file(make_bundle: MakeBundle, tmp_path: Path, runtime: str) -> None:
    with pytest.raises(BundleError, match=r"future\.onnx.*999"):
        open_session(make_bundle(tmp_path / "future.onnx", {"schema": 999}), 1, runtime)


def test_a_model_that_answers_nan_is_refused(tiny_bundle: Path, tmp_path: Path, runtime: str) -> None:
    model = load(tiny_bundle)
    for constant in model.graph.initializer:
        if constant.name == "bias":
            constant.CopyFrom(numpy_helper.from_array(np.full(3, np.nan, np.float32), "bias"))
    helper.set_model_props(model, {"pneumoscope": model.metadata_props[0].value})
    save(model, tmp_path / "nan.onnx")
    with pytest.raises(BundleError, match="not numbers"):
        open_session(tmp_path / "nan.onnx", 1, runtime).run(np.zeros((1, 224, 224), np.uint8))


def test_runtimes_agree_and_run_from_several_threads(runtime: str) -> None:
    radiographs = np.random.default_rng(0).integers(0, 256, (6, 1, 224, 224), dtype=np.uint8)
    reference = open_session(RELEASED, 1, "onnxruntime")
    session = open_session(RELEASED, 2, runtime)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(session.run, radiographs))
    for one, found in zip(radiographs, answers, strict=True):
        expected = reference.run(one)
        np.testing.assert_allclose(found.logits, expected.logits, atol=1e-3)
        np.testing.assert_allclose(found.cam, expected.cam, atol=1e-2)
    assert (session.runtime, session.card) == (runtime, reference.card)


def test_runtime_unknown(tiny_bundle: Path) -> None:
    with pytest.raises(DataError, match="onnxruntime, openvino"):
        open_session(tiny_bundle, 1, "tensorrt")


def test_an_int8_bundle_runs_on_the_reference_runtime_alone(make_bundle: MakeBundle, tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="needs pneumoscope[fast]")
    int8 = make_bundle(tmp_path / "int8.onnx", {"training": {"quantized": {"films": 1}}})
    with pytest.raises(DataError, match="int8 bundle"):
        open_session(int8, 1, "openvino")
    assert open_session(int8, 1, "onnxruntime").runtime == "onnxruntime"


def test_an_unvalidated_bundle_runs_on_the_reference_runtime(tiny_bundle: Path) -> None:
    assert open_session(tiny_bundle, 1).runtime == choose("unknown") == "onnxruntime"


def test_two_threads_may_be_the_first_to_use_a_runtime(tiny_bundle: Path, runtime: str) -> None:
    code = f"""
import threading, numpy, pathlib
from pneumoscope.screening.runtime.opening import open_session
session, together = open_session(pathlib.Path({str(tiny_bundle)!r}), 2, {runtime!r}), threading.Barrier(2)
def run():
    together.wait()
    session.run(numpy.zeros((1, 224, 224), numpy.uint8))
threads = [threading.Thread(target=run) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


FORKED = """
import os, pathlib, sys, threading, multiprocessing, numpy
from pneumoscope.screening.runtime.opening import open_session
session = open_session(pathlib.Path(sys.argv[1]), 2, sys.argv[2])
film, answers = numpy.full((1, 224, 224), 150, numpy.uint8), []
def run(_=None):
    return session.run(film)[0].tolist()
def busy():
    while not answers:
        run()
expected = run()
threads = [threading.Thread(target=busy) for _ in range(2)]
[thread.start() for thread in threads]
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(run, range(4)) == [expected] * 4
for _ in range(20 if session.runtime == "onnxruntime" else 3):  # each may fall into the middle of an inference
    child = os.fork()
    if not child:
        os._exit(0 if run() == expected else 1)
    assert os.waitpid(child, 0)[1] == 0
answers.append(True)
[thread.join() for thread in threads]
assert run() == expected
for used in (True, False):
    child = os.fork()
    if not child:
        sys.exit(7 if used and run() == expected else 8)  # an orderly end frees what there is
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (7 if used else 8)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_goes_on_and_ends(tiny_bundle: Path, runtime: str) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED, str(tiny_bundle), runtime]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_never_judges_by_a_bundle_that_was_replaced(make_bundle: MakeBundle, tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="needs pneumoscope[fast]")
    code = """
import os, pathlib, sys, numpy
from pneumoscope.screening.runtime.opening import open_session
path = pathlib.Path(sys.argv[1])
session = open_session(path, 1, "openvino")
path.write_bytes(b"another model")
if not os.fork():
    session.run(numpy.zeros((1, 224, 224), numpy.uint8))
os.wait()
"""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    done = subprocess.run([*command, make_bundle(tmp_path / "b.onnx", {})], capture_output=True, text=True, timeout=60)
    assert "BundleError" in done.stderr
    assert "changed since it was loaded" in done.stderr
