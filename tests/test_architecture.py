"""The rooms' order, and what may be loaded when: what docs/architecture.md says, held."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pneumoscope

PACKAGE = Path(pneumoscope.__file__).parent
ROOMS = ("data", "imaging", "model", "training", "decision", "evaluation", "screening", "serving", "cli")
MODULES = sorted(PACKAGE.rglob("*.py"))

TRAINING_ONLY = {"keras", "tensorflow", "jax", "torch", "h5py", "onnx"}
HEAVY = TRAINING_ONLY | {
    "onnxruntime",
    "sklearn",
    "scipy",
    "matplotlib",
    "pydicom",
    "kagglehub",
    "pyarrow",
    "ray",
    "rich",
    "jinja2",
}


def _imports(path: Path) -> Iterator[str]:
    """Full names of all modules that a module imports anywhere in it, for types only or not."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(module: str) -> str | None:
    """The room of a module of this package; None for errors and for modules of others."""
    parts = module.split(".")
    return parts[1] if parts[0] == "pneumoscope" and len(parts) > 1 and parts[1] in ROOMS else None


def _importers(package: str) -> set[str]:
    """The modules, relative to the package, that import a third-party package."""
    return {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if any(name.split(".")[0] == package for name in _imports(path))
    }


def _loaded(code: str) -> set[str]:
    """Top-level names of all modules in memory after ``code`` has run in a fresh interpreter."""
    watched = f"import json, sys\n{code}\njson.dump(sorted(sys.modules), sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(ended.stderr)}


def test_every_folder_is_a_room() -> None:
    folders = {path.relative_to(PACKAGE).parts[0] for path in MODULES if path.parent != PACKAGE}
    assert folders <= set(ROOMS)
    assert {"data", "imaging", "model", "training", "decision", "evaluation", "screening", "cli"} <= folders


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_left(room: str) -> None:
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    for path in (PACKAGE / room).rglob("*.py"):
        assert {other for name in _imports(path) if (other := _room(name))} <= allowed, path


def test_only_the_main_modules_lie_outside_the_rooms() -> None:
    outside = {path.name for path in MODULES if path.parent == PACKAGE}
    assert outside == {"__init__.py", "__main__.py", "cluster.py", "errors.py", "processor.py"}


@pytest.mark.parametrize("room", ["screening", "decision"])
def test_screening_and_decision_need_no_training(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        names = set(_imports(path))
        assert not {_room(name) for name in names} & {"training", "evaluation"}, path
        assert not {name.split(".")[0] for name in names} & TRAINING_ONLY, path


def test_one_module_knows_each_framework() -> None:
    assert _importers("keras") == {"model/backend.py"}
    assert _importers("tensorflow") == set()
    assert _importers("onnx") == {"model/export.py", "model/quantize.py"}
    assert _importers("onnxruntime") == {"model/quantize.py", "screening/onnx_runtime.py"}
    assert _importers("openvino") == {"screening/openvino_runtime.py"}
    assert _importers("ray") == {"cluster.py", "screening/distributed.py", "training/many.py"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not _loaded("import pneumoscope") & (HEAVY | {"numpy", "PIL"})


def test_the_help_loads_nothing_heavy() -> None:
    code = "from pneumoscope.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    loaded = _loaded(code)
    assert "pneumoscope" in loaded
    assert not loaded & HEAVY


def test_the_screener_loads_no_training_framework() -> None:
    opened = "from pneumoscope.screening.screener import Screener\nScreener(runtime='onnxruntime')"
    loaded = _loaded(f"import pneumoscope.cli.screen\n{opened}")
    assert "onnxruntime" in loaded
    assert not loaded & (TRAINING_ONLY | {"sklearn", "matplotlib"})
