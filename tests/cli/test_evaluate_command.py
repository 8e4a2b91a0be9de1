"""``pneumoscope evaluate`` on the small and lopsided sets that a site begins with."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tiny import film

from pneumoscope.cli import main

Evaluate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def evaluate(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """Run the command; gives exit code, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["evaluate", "--data", *map(str, arguments), "--bundle", str(tiny_bundle)])
        return code, *capsys.readouterr()

    return run


def place(folder: Path, *names: str) -> Path:
    """Films at these places: dark ones, which the tiny bundle calls normal, below NORMAL, and bright ones elsewhere."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(film((60 if "NORMAL" in name else 200) + number)).save(folder / name)
    return folder


@pytest.mark.parametrize(
    ("names", "undefined"),
    [
        (["NORMAL/a.png"], {"recall", "balanced_accuracy", "precision"}),
        (["NORMAL/a.png", "NORMAL/b.png"], {"recall", "balanced_accuracy", "precision"}),
        (["PNEUMONIA/a.png"], {"specificity", "balanced_accuracy"}),
        (["NORMAL/a.png", "PNEUMONIA/b.png"], set()),
    ],
)
def test_a_set_however_small_is_answered(
    evaluate: Evaluate, tmp_path: Path, names: list[str], undefined: set[str]
) -> None:
    data = place(tmp_path / "films", *names)
    code, out, _ = evaluate(data, "--json")
    assert code == 0
    found = json.loads(out)
    told = {name for name, estimate in found["points"][0]["metrics"].items() if estimate["value"] is None}
    assert told == undefined | {"recall_bacterial", "recall_viral"}  # the films have no subtypes
    assert (found["ranking"]["auc"]["value"] is None) is bool(undefined)
    code, out, err = evaluate(data, "--out", tmp_path / "report")
    assert code == 0
    assert "not defined" in out
    assert err == f"report: {tmp_path}/report/report.html\n"


def test_a_split_without_a_class_or_without_films(evaluate: Evaluate, tmp_path: Path) -> None:
    data = place(tmp_path / "films", "train/NORMAL/a.png", "train/PNEUMONIA/b.png", "test/NORMAL/c.png")
    assert evaluate(data, "--split", "test", "--json")[0] == 0
    code, _, err = evaluate(data, "--split", "val")
    assert code == 2
    assert "no film of split 'val'; there is test, train" in err


def test_films_that_are_all_refused_are_told_by_reason(evaluate: Evaluate, tmp_path: Path) -> None:
    for name in ("NORMAL/a.png", "PNEUMONIA/b.png", "PNEUMONIA/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("" if "c.png" in name else "no film")
    code, out, err = evaluate(tmp_path)
    assert (code, out) == (2, "")
    assert "none of the 3 films could be assessed (2 not_an_image, 1 empty_file)" in err


def test_a_manifest_of_a_site_and_its_predictions(evaluate: Evaluate, tmp_path: Path) -> None:
    place(tmp_path, "NORMAL/a.png", "sick/b.png")
    (tmp_path / "sick" / "c.png").touch()
    rows = "NORMAL\\a.png;gesund;W1;P 1\nsick\\b.png;Krank;W2;P2\nsick/c.png;krank;W3;\n"
    manifest = tmp_path / "films.csv"
    manifest.write_text(f"Bild;Befund;Station;Patient\n{rows}", encoding="utf-16")
    named = ["--path-column", "bild", "--label-column", "befund", "--positive", "KRANK"]
    code, *_ = evaluate(manifest, *named, "--out", tmp_path / "report")
    assert code == 3
    with (tmp_path / "report" / "predictions.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [Path(row["path"]) for row in found] == [
        tmp_path / name for name in ("NORMAL/a.png", "sick/b.png", "sick/c.png")
    ]
    assert [(row["label"], row["finding_balanced"], row["reason"]) for row in found] == [
        ("normal", "normal", ""), ("pneumonia", "pneumonia", ""), ("pneumonia", "", "empty_file"),
    ]  # fmt: skip
    assert [(row["patient"], row["listed_Station"]) for row in found] == [
        ("P 1", "W1"), ("P2", "W2"), ("pneumonia/sick/c", "W3"),
    ]  # fmt: skip
    code, out, _ = evaluate(tmp_path / "report" / "predictions.csv", "--json")
    assert code == 3
    assert json.loads(out)["counts"]["patients"] == 2


def test_labels_in_other_words_say_what_to_do(evaluate: Evaluate, tmp_path: Path) -> None:
    place(tmp_path, "NORMAL/a.png")
    (tmp_path / "films.csv").write_text("path,label\nNORMAL/a.png,gesund\n")
    code, out, err = evaluate(tmp_path / "films.csv")
    assert (code, out) == (2, "")
    assert "films.csv, line 2: label must be normal or pneumonia" in err
    assert "--positive" in err


def test_names_are_shown_as_they_are_everywhere(evaluate: Evaluate, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs pneumoscope[evaluate]")
    folder = tmp_path / "[bold]x[$_{] \x1b[2J <b>|`a`\n# y"
    place(folder, "NORMAL/a.png", "PNEUMONIA/b.png", "VIRAL/c.png")
    (folder / "NORMAL" / "[red]\x1b[31m.png").write_bytes(b"no film")
    (folder / "NORMAL" / "notes.txt").write_text("notes")
    code, out, err = evaluate(folder, "--out", tmp_path / "report")
    assert code == 3
    assert "\x1b" not in out + err
    assert r"[bold]x[$_{] \x1b[2J <b>|`a`\n# y" in out
    assert r"[red]\x1b[31m.png (not_an_image)" in " ".join(out.split())
    assert "passed over: 1 text file; folder of no known class or split: VIRAL" in err
    card = (tmp_path / "report" / "model-card.md").read_text()
    assert r"## Results: \[bold\]x\[$\_{\] \\x1b\[2J \<b\>\|\`a\`\\n# y, all films" in card
    page = (tmp_path / "report" / "report.html").read_text()
    assert "\x1b" not in page
    assert "<b>|" not in page
