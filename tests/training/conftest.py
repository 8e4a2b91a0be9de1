"""One smoke run on synthetic films, from the command line, shared by all tests of this room."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import SEED, Command, SmokeRun

from pneumoscope.data.synthetic import write_dataset
from pneumoscope.network.backend import import_keras


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The caller's environment, with a cache of its own."""
    return os.environ | {"PNEUMOSCOPE_CACHE": str(tmp_path_factory.mktemp("cache"))}


@pytest.fixture(scope="session")
def command(environment: dict[str, str]) -> Command:
    """Run ``python -m pneumoscope`` as a user would."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "pneumoscope", *map(str, arguments)]
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("films")
    write_dataset(root, per_class=20, seed=0)
    return root


@pytest.fixture(scope="session")
def smoke(dataset: Path, command: Command, tmp_path_factory: pytest.TempPathFactory) -> SmokeRun:
    folder = tmp_path_factory.mktemp("runs") / "smoke"
    ended = command("train", "--data", dataset, "--out", folder, "--smoke", "--seed", SEED)
    assert ended.returncode == 0, ended.stderr
    return SmokeRun(dataset, folder, ended)


@pytest.fixture(scope="session")
def bundle(smoke: SmokeRun, command: Command) -> Path:
    path = smoke.folder.parent / "smoke.onnx"
    ended = command("export", smoke.folder, "--out", path, "--name", "smoke", "--model-version", "0.0.1")
    assert ended.returncode == 0, ended.stderr
    return path


@pytest.fixture(scope="module", autouse=True)
def precision() -> Iterator[None]:
    """A run in this process may switch Keras to bfloat16; switch it back before other modules build networks."""
    policy = import_keras().config.dtype_policy()
    yield
    import_keras().config.set_dtype_policy(policy)
