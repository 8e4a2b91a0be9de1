import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "experiments"), str(ROOT / "tests" / "screening")]

from tiny import CARD, network  # noqa: E402

from pneumoscope.data.splits import LEAST_VALIDATION  # noqa: E402
from pneumoscope.imaging import INPUT_SIZE  # noqa: E402

KINDS = {
    "NORMAL": ("NORMAL2-IM-{:04}-0001",),
    "PNEUMONIA": ("person{}_bacteria_1", "person{}_virus_1", "person{}_virus_2"),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films in the public layout: normals dark and sharp, pneumonias bright and soft, nothing else tells them apart."""
    root, rng = tmp_path_factory.mktemp("films"), np.random.default_rng(0)
    first = 0
    for split, count in {"train": 2, "val": LEAST_VALIDATION, "test": 3}.items():
        for label, names in KINDS.items():
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(first, first + count):
                grain = rng.normal(0, 12 if label == "NORMAL" else 6, (INPUT_SIZE, INPUT_SIZE))
                level = rng.uniform(70, 105) if label == "NORMAL" else rng.uniform(145, 185)
                name = names[number % len(names)].format(number)
                Image.fromarray(np.clip(grain + level, 0, 255).astype(np.uint8)).save(folder / f"{name}.png")
        first += count
    return root


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two bundles of the network that takes bright for sick; the second's default threshold is the lower one."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, default in {"first": "balanced", "second": "high-sensitivity"}.items():
        model = network()
        helper.set_model_props(model, {"pneumoscope": json.dumps(CARD | {"default_operating_point": default})})
        onnx.save(model, folder / f"{name}.onnx")
    return [folder / "first.onnx", folder / "second.onnx"]
