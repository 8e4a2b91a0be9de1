"""A tiny bundle, and folders of films for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from PIL import Image
from tiny import CARD, declared_png, film, network

from pneumoscope.screening.screener import Screener


@pytest.fixture(scope="session")
def make_bundle() -> Callable[[Path, dict[str, Any] | None], Path]:
    """Write a tiny bundle; the card's fields may be overridden, and None leaves the card out."""

    def make(path: Path, card: dict[str, Any] | None) -> Path:
        model = network()
        if card is not None:
            helper.set_model_props(model, {"pneumoscope": json.dumps(CARD | card)})
        onnx.save(model, path)
        return path

    return make


@pytest.fixture(scope="session")
def tiny_bundle(make_bundle: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle") / "tiny.onnx", {})


@pytest.fixture(scope="session")
def screener(tiny_bundle: Path) -> Screener:
    return Screener(tiny_bundle)


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Twenty films, dark to bright, in a folder of their own; the first half is normal to the tiny bundle."""
    folder = tmp_path / "films"
    folder.mkdir()
    paths = []
    for number, brightness in enumerate(np.linspace(60, 230, 20).astype(int)):
        paths.append(folder / f"film{number:02}.png")
        Image.fromarray(film(brightness)).save(paths[-1])
    return paths


@pytest.fixture
def acceptance(tmp_path: Path) -> Path:
    """One good film and four files that must be refused, each for its own reason."""
    folder = tmp_path / "acceptance"
    folder.mkdir()
    good = folder / "a_good.jpeg"
    Image.fromarray(film(200)).save(good)
    (folder / "b_empty.png").touch()
    (folder / "c_text.jpeg").write_text("Dear colleague, please find the film attached.\n")
    content = good.read_bytes()
    (folder / "d_truncated.jpeg").write_bytes(content[: len(content) // 2])
    (folder / "e_bomb.png").write_bytes(declared_png(60_000, 60_000))
    return folder
