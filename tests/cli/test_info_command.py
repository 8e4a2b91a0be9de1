"""``pneumoscope info`` explains what its numbers are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pneumoscope import __version__
from pneumoscope.cli import main
from pneumoscope.cli.info import PROVABLE
from pneumoscope.release.fit_rule import highest_with_recall

Info = Callable[..., str]


@pytest.fixture
def info(make_bundle: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Info:
    """What the command shows of a bundle whose card says this."""

    def shown(**card: object) -> str:
        assert main(["info", "--bundle", str(make_bundle(tmp_path / "bundle.onnx", card))]) == 0
        return " ".join(capsys.readouterr().out.split())

    return shown


def test_both_version_numbers_are_explained(info: Info) -> None:
    shown = info()
    assert f"pneumoscope {__version__}: the program" in shown
    assert "tiny 0.0.1" in shown
    assert "Its version changes when findings may change" in shown


def test_a_missing_operating_point_has_its_reason(info: Info) -> None:
    pytest.importorskip("scipy", reason="needs pneumoscope[evaluate]")
    assert "No operating point high-sensitivity" not in info()
    point = {"name": "balanced", "threshold": 0.5, "policy": "best"}
    rule = {
        "calibration": {"slope": 0.5, "intercept": 0.1}, "operating_points": [point],
        "default_operating_point": "balanced",
    }  # fmt: skip
    assert f"takes at least {PROVABLE} held-out pneumonias" in info(rule=rule)
    assert highest_with_recall(np.ones(PROVABLE), 0.98) is not None
    assert highest_with_recall(np.ones(PROVABLE - 1), 0.98) is None


def test_what_a_card_says_is_shown_as_it_is(info: Info) -> None:
    said = "[bold red]for :smile:[/] \x1b[2Jall"
    shown = info(intended_use=said, limits=["[link=http://x]y[/link]"])
    assert "\x1b" not in shown
    assert r"[bold red]for :smile:[/] \x1b[2Jall" in shown
    assert "[link=http://x]y[/link]" in shown
