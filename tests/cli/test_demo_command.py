import json
from pathlib import Path

import pytest

from pneumoscope.cli.demo import demonstrate
from pneumoscope.errors import DataError
from pneumoscope.screening.screener import Screener


@pytest.fixture
def samples(films: list[Path]) -> Path:
    known = {films[0].name: {"made_as": "normal"}, films[-1].name: {"made_as": "viral pneumonia"}}
    (films[0].parent / "samples.json").write_text(json.dumps({"samples": known}))
    return films[0].parent


def test_demo_ends_on_the_findings_and_the_page(
    screener: Screener, samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demonstrate(screener, samples, tmp_path / "new" / "demo")
    shown = capsys.readouterr().out
    page = tmp_path / "new" / "demo" / "index.html"
    assert "2 films: 1 pneumonia, 1 normal." in shown
    assert "viral pneumonia" in shown
    assert shown.rstrip().endswith(str(page))
    assert "Synthetic images" in shown
    assert "Synthetic images" in page.read_text()
    assert page.read_text().count("data:image/jpeg") == 3  # the normal film has no heatmap


def test_demo_says_where_it_cannot_write(screener: Screener, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file"):
        demonstrate(screener, samples, tmp_path / "file")
