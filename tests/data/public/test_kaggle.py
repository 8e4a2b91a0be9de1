"""The copy of the films at Kaggle."""

import io
import sys
import types
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from archives import COUNTS, make_archive

from pneumoscope.data import layout
from pneumoscope.data.public.download import FetchError
from pneumoscope.data.public.fetch import KAGGLE, from_kaggle
from pneumoscope.errors import MissingExtraError


def _kagglehub(monkeypatch: pytest.MonkeyPatch, download: Callable[[str], str]) -> None:
    """Stand in for the network that kagglehub needs; nothing of our own is replaced."""
    monkeypatch.setitem(sys.modules, "kagglehub", types.SimpleNamespace(dataset_download=download))


def test_kaggle_download_is_taken_out_of_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    counts = {**COUNTS, "val/NORMAL": 1, "val/PNEUMONIA": 1}

    def give(handle: str) -> str:
        assert handle == "paultimothymooney/chest-xray-pneumonia"
        root = Path(os.environ["KAGGLEHUB_CACHE"]) / "datasets" / "1"
        with zipfile.ZipFile(io.BytesIO(make_archive(counts=counts))) as content:
            content.extractall(root)
            content.extractall(root / "chest_xray")  # Kaggle's archive holds everything twice
        return str(root)

    _kagglehub(monkeypatch, give)
    monkeypatch.setenv("KAGGLEHUB_CACHE", "/elsewhere")

    fetched = from_kaggle(tmp_path / "films", replace(KAGGLE, counts=counts))

    assert fetched.films == 9
    assert len(layout.load(tmp_path / "films")) == 9
    assert [path.name for path in tmp_path.iterdir()] == ["films"]
    assert os.environ["KAGGLEHUB_CACHE"] == "/elsewhere"


def test_kaggle_without_a_connection_names_the_manual_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: str) -> str:
        raise ConnectionError("no route")

    _kagglehub(monkeypatch, refuse)
    with pytest.raises(FetchError) as failure:
        from_kaggle(tmp_path / "films")
    assert "kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia" in str(failure.value)
    assert failure.value.exit_code == 2


def test_missing_kagglehub_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(MissingExtraError, match=r"pneumoscope\[fetch\]"):
        from_kaggle(tmp_path / "films")
