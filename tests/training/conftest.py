"""One smoke run on synthetic films, from the command line, shared by all tests of this room."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runs import SEED, Command, SmokeRun, read_json

from pneumoscope.data.synthetic import write_dataset


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
def smoke(
    dataset: Path, environment: dict[str, str], command: Command, tmp_path_factory: pytest.TempPathFactory
) -> SmokeRun:
    """The run is killed as soon as the first member has done one of its two epochs."""
    root = tmp_path_factory.mktemp("runs")
    folder, said = root / "smoke", root / "said.txt"
    line = [sys.executable, "-m", "pneumoscope", "train", "--data", str(dataset), "--out", str(folder), "--smoke"]
    with (
        said.open("w") as stream,
        subprocess.Popen([*line, "--seed", str(SEED)], env=environment, stdout=stream, stderr=stream) as victim,
    ):
        while victim.poll() is None and not _is_in_member(folder):
            time.sleep(0.01)
        victim.send_signal(signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL, said.read_text()
    assert read_json(folder / "config.json")["state"] == "running"
    killed_at = read_json(folder / "history.json")[-1]
    return SmokeRun(dataset, folder, said.read_text(), command("train", "--resume", folder), killed_at)


def _is_in_member(folder: Path) -> bool:
    path = folder / "history.json"
    return path.exists() and read_json(path)[-1]["member"] == 1


@pytest.fixture(scope="session")
def bundle(smoke: SmokeRun, command: Command) -> Path:
    path = smoke.folder.parent / "smoke.onnx"
    ended = command("export", smoke.folder, "--out", path, "--name", "smoke", "--model-version", "0.0.1")
    assert ended.returncode == 0, ended.stderr
    return path
