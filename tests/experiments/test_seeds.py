import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "experiments"))

import records  # noqa: E402
import seeds  # noqa: E402


@pytest.fixture
def runs(tmp_path: Path, bundles: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept runs of the two bundles: of four held-out films, one pneumonia is missed."""
    monkeypatch.setattr(records, "RUNS", tmp_path / "runs")
    for bundle in bundles:
        folder = tmp_path / "runs" / "some" / bundle.stem
        folder.mkdir(parents=True)
        rows = ["normal,2,0,0", "normal,1,0,0", "viral,1,0,0", "bacterial,0,3,0"]
        lines = ["set,film,patient,class,normal,bacterial,viral", *(f"validation,f,p,{row}" for row in rows)]
        (folder / "scores.csv").write_text("\n".join(lines) + "\n")
        (folder / "config.json").write_text("{}")


def test_every_network_is_judged_at_its_default_point(
    runs: None, source: Path, bundles: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "seeds.json"
    seeds.main([*map(str, bundles), "--recipe", "some", "--data", str(source), "--out", str(path)])
    record = json.loads(path.read_text())
    assert [row["name"] for row in record["bundles"]] == ["first", "second"]
    assert [row["point"]["name"] for row in record["bundles"]] == ["balanced", "high-sensitivity"]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in seeds.tables(record).splitlines()]
    rows = {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines[2:]}
    assert list(rows) == ["first", "second", "mean", "standard deviation", seeds.TOGETHER]
    assert rows[seeds.TOGETHER]["specificity"] == rows["first"]["specificity"], "the same network twice, at its own .5"
    found = [row["point"]["metrics"]["specificity"]["value"] for row in record["bundles"]]
    assert found[1] < found[0] == 1
    assert rows["second"]["specificity"] == f"{found[1]:.1%}"
    assert rows["mean"]["specificity"] == f"{sum(found) / 2:.1%}"
    assert rows["standard deviation"]["specificity"] == f"{(found[0] - found[1]) / 2**0.5:.1%}"
    assert (rows["first"]["auc"], rows["first"]["validation less test"]) == ("1.0000", "-25.0%")


def test_a_refit_has_no_validation_to_fall_from(runs: None, source: Path, bundles: list[Path], tmp_path: Path) -> None:
    (tmp_path / "runs" / "some" / "second" / "config.json").write_text('{"refit_of": {}}')
    path = tmp_path / "seeds.json"
    seeds.main([*map(str, bundles), "--recipe", "some", "--data", str(source), "--out", str(path)])
    assert seeds.tables(json.loads(path.read_text())).splitlines()[0].endswith("| auc |")


def test_nothing_is_looked_at_before_all_of_it_can_be_kept(
    runs: None, source: Path, bundles: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "seeds.json"
    with pytest.raises(SystemExit):
        seeds.main([*map(str, bundles), "--recipe", "other", "--data", str(source), "--out", str(path)])
    assert "its run is not kept as other/first" in capsys.readouterr().err
    assert not path.exists()
