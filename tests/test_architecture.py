"""What may be loaded when, and how many modules a folder may hold. The order of the rooms is in pyproject.toml."""

import json
import subprocess
import sys
from pathlib import Path

import pneumoscope

ROOT = Path(__file__).parents[1]
SCREENING = Path(pneumoscope.__file__).parent / "screening"

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
    "highdicom",
    "pynetdicom",
}


def _loaded(code: str) -> set[str]:
    """Top-level names of all modules in memory after ``code`` has run in a fresh interpreter."""
    watched = f"import json, sys\n{code}\njson.dump(sorted(sys.modules), sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in json.loads(ended.stderr)}


def test_the_rooms_import_as_drawn() -> None:
    lint = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    ended = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_no_folder_of_screening_has_over_eight_modules() -> None:
    modules = [path for path in SCREENING.rglob("*.py") if path.name != "__init__.py"]
    folders = {path.parent for path in modules}
    assert SCREENING in folders
    assert not {
        folder.relative_to(SCREENING) for folder in folders if sum(path.parent == folder for path in modules) > 8
    }


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not _loaded("import pneumoscope") & (HEAVY | {"numpy", "PIL"})


def test_the_help_loads_nothing_heavy() -> None:
    code = "from pneumoscope.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    loaded = _loaded(code)
    assert "pneumoscope" in loaded
    assert not loaded & HEAVY


def test_a_site_needs_the_small_install_only() -> None:
    loaded = _loaded(
        "import pneumoscope.assurance.site.pages, pneumoscope.assurance.site.freezing, pneumoscope.cli.site"
    )
    assert "pneumoscope" in loaded
    assert not loaded & (TRAINING_ONLY | {"sklearn", "scipy", "matplotlib", "pydicom", "pyarrow", "ray"})


def test_the_screener_loads_no_training_framework() -> None:
    opened = "from pneumoscope.screening.screener import Screener\nScreener(runtime='onnxruntime')"
    loaded = _loaded(f"import pneumoscope.cli.screen\n{opened}")
    assert "onnxruntime" in loaded
    assert not loaded & (TRAINING_ONLY | {"sklearn", "matplotlib"})
