from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import helper
from PIL import Image
from tiny import network

from lab.campaign import SCORES, Campaign, Record, seal
from pneumoscope.bundle.card import METADATA_KEY, BundleCard
from pneumoscope.data.splits import LEAST_VALIDATION
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.imaging import INPUT_SIZE

KINDS = {
    "NORMAL": ("NORMAL2-IM-{:04}-0001",),
    "PNEUMONIA": ("person{}_bacteria_1", "person{}_virus_1", "person{}_virus_2"),
}


def rule(default: str = "balanced") -> DecisionRule:
    points = (OperatingPoint("balanced", 0.5, "one"), OperatingPoint("high-sensitivity", 0.2, "two"))
    return DecisionRule(Calibration(0.5, 0.1), points, default)


def card(default: str) -> BundleCard:
    return BundleCard(
        name="tiny",
        version="0.0.1",
        created="2026-01-01",
        licence="Apache-2.0",
        input_size=INPUT_SIZE,
        preprocessing="bilinear, antialiased",
        rule=rule(default),
        training={},
        validation={},
        intended_use="Tests.",
        limits=("Knows nothing but brightness.",),
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public layout: normals dark and sharp, pneumonias bright and soft, nothing else tells them apart."""
    root, rng = tmp_path_factory.mktemp("radiographs"), np.random.default_rng(0)
    slope = np.linspace(-20, 20, INPUT_SIZE)  # the contrast without which reading refuses a film
    first = 0
    for split, count in {"train": 2, "val": LEAST_VALIDATION, "test": 3}.items():
        for label, names in KINDS.items():
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(first, first + count):
                grain = rng.normal(0, 12 if label == "NORMAL" else 6, (INPUT_SIZE, INPUT_SIZE))
                level = rng.uniform(70, 105) if label == "NORMAL" else rng.uniform(145, 185)
                name = names[number % len(names)].format(number)
                Image.fromarray(np.clip(grain + level + slope, 0, 255).astype(np.uint8)).save(folder / f"{name}.png")
        first += count
    return root


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two bundles of the network that takes bright for pneumonia; the second's default threshold is the lower one."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, default in {"first": "balanced", "second": "high-sensitivity"}.items():
        model = network()
        helper.set_model_props(model, {METADATA_KEY: card(default).to_json()})
        onnx.save(model, folder / f"{name}.onnx")
    return [folder / "first.onnx", folder / "second.onnx"]


@dataclass
class Made:
    """A campaign in a temporary folder, and what it was sealed from."""

    campaign: Campaign
    records: list[Record]
    rows: list[dict[str, Any]]


ROWS = [
    ("a", "validation", "1.png", "p1", "normal", 2.0, 0.1, 0.2),
    ("a", "validation", "2.png", "p2", "normal", 1.0, 0.0, 0.0),
    ("a", "validation", "3.png", "p3", "viral", 1.0, 0.0, 0.0),
    ("a", "validation", "4.png", "p4", "bacterial", 0.0, 3.0, 0.0),
    ("a", "left-out", "5.png", "p5", "pneumonia", -1.5, 0.25, 1.0 / 3),
    ("b", "validation", "1.png", "p1", "normal", -3.0, 1.0, 0.0),
    ("b", "validation", "2.png", "p2", "normal", 1.0, 0.0, 0.0),
    ("b", "validation", "3.png", "p3", "viral", 0.0, 0.0, 4.0),
    ("b", "validation", "4.png", "p4", "bacterial", 0.0, 3.0, 0.0),
]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Runs "a" and "b"; a misses one pneumonia of the validation radiographs, and b calls one normal ill."""
    records = [
        Record("run", "a", {"config": {"recipe": {}, "seed": 0}, "history": [{"val_auc": 0.1 + 0.2}]}),
        Record("run", "b", {"config": {"recipe": {}, "seed": 1}, "history": []}),
    ]
    rows = [dict(zip(SCORES, row, strict=True)) for row in ROWS]
    seal(tmp_path / "campaign", records, pa.Table.from_pylist(rows))
    return Made(Campaign(tmp_path / "campaign"), records, rows)
