import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pneumoscope.cli import main
from pneumoscope.data import layout
from pneumoscope.data.audit.audit import Measured, audit
from pneumoscope.data.audit.marks import PATCH, Marks
from pneumoscope.data.labelled import LabelledRadiograph, RefusedRadiograph
from pneumoscope.data.manifest import write_manifest
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError
from pneumoscope.imaging import Reason, Refusal

NO_MARKS = Marks(np.zeros((0, 2), np.int16), np.zeros((0, *PATCH), np.uint8))


def _measured(films: list[LabelledRadiograph], digests: list[str] | None = None) -> Measured:
    rng = np.random.default_rng(0)
    count = len(films)
    return Measured(
        films=films,
        digests=digests or [str(row) for row in range(count)],
        file_bytes=rng.integers(1000, 2000, count),
        dimensions=np.full((count, 2), 224),
        sharpness=rng.random(count),
        thumbnails=rng.integers(0, 256, (count, 64, 64), dtype=np.uint8),
        marks=[NO_MARKS] * count,
    )


def _film(name: str, patient: str, split: str = "train", subtype: Subtype | None = None) -> LabelledRadiograph:
    label = Label(patient.split("/")[0])
    return LabelledRadiograph(Path(name), label, subtype, patient, split)


def test_counts_films_and_patients_per_split_and_group() -> None:
    viral, bacterial = Subtype.VIRAL, Subtype.BACTERIAL
    films = [
        _film("a", "normal/IM/1"),
        _film("b", "normal/IM/1"),
        _film("c", "pneumonia/viral/1", subtype=viral),
        _film("d", "pneumonia/bacterial/1", subtype=bacterial),
        _film("e", "pneumonia/bacterial/2", subtype=bacterial),
        _film("f", "pneumonia/x", split="test"),
        _film("g", "normal/IM/9", split="test"),
    ]

    found = audit(_measured(films))

    assert found.counts["train"] == {"normal": (2, 1), "bacterial": (2, 2), "viral": (1, 1)}
    assert found.counts["test"] == {"normal": (1, 1), "pneumonia, pathogen unknown": (1, 1)}
    assert found.patients == {"train": 4, "test": 2}
    assert found.films == 7


def test_a_patient_in_two_splits_is_found_and_a_shared_number_is_only_counted() -> None:
    films = [
        _film("a", "pneumonia/viral/78", subtype=Subtype.VIRAL),
        _film("b", "pneumonia/bacterial/78", split="test", subtype=Subtype.BACTERIAL),
        _film("c", "normal/IM/5"),
        _film("d", "normal/IM/5", split="test"),
        _film("e", "normal/NORMAL2-IM/6"),
    ]

    found = audit(_measured(films))

    assert found.shared_patients == ["normal/IM/5"]
    assert found.shared_numbers == ["normal 5", "pneumonia 78"]


def test_identical_files_tell_what_they_cross_and_are_not_near_duplicates_too() -> None:
    films = [
        _film("a", "normal/IM/1"),
        _film("b", "normal/IM/2", split="test"),
        _film("c", "pneumonia/viral/3", subtype=Subtype.VIRAL),
        _film("d", "normal/IM/4"),
        _film("e", "normal/IM/4"),
    ]
    measured = _measured(films, digests=["x", "x", "x", "y", "y"])
    measured.thumbnails[:] = measured.thumbnails[0]  # one picture, two contents

    found = audit(measured)

    worst, harmless = found.exact
    assert (worst.crosses_split, worst.crosses_label, worst.crosses_patient) == (True, True, True)
    assert harmless.troubles == 0
    assert worst.troubles > harmless.troubles
    assert found.spare_copies == 3
    assert [tuple(film.path.name for film in pair.films) for pair in found.near] == [("a", "d")]


def test_nothing_readable_is_an_error() -> None:
    lost = RefusedRadiograph(_film("a", "normal/IM/1"), Refusal(Reason.TRUNCATED, "cut off"))
    empty = np.zeros(0, dtype=np.int64)
    nothing = Measured([], [], empty, empty.reshape(0, 2), empty, np.zeros((0, 64, 64), dtype=np.uint8), [], [lost])
    with pytest.raises(DataError, match="none of the 1 films"):
        audit(nothing)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty films of either class in train, ten in test; normals are larger, and one is copied across splits.

    One stamp is on every pneumonia of train and on every normal of the test.
    """
    root = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(3)
    for split, count in (("train", 30), ("test", 10)):
        for number in range(1, count + 1):
            person = number + 100 * (split == "test")
            stamp = split == "train"
            name, other = f"IM-{person:04d}-0001.jpeg", f"person{person}_virus_{number}.jpeg"
            _save(rng, root / split / "NORMAL" / name, side=160, quality=95, stamp=not stamp)
            _save(rng, root / split / "PNEUMONIA" / other, side=128, quality=60, stamp=stamp)
    copied = Image.open(root / "train/NORMAL/IM-0001-0001.jpeg")
    copied.save(root / "test/NORMAL/IM-0300-0001.jpeg", quality=70)
    shutil.copy(root / "train/NORMAL/IM-0002-0001.jpeg", root / "train/NORMAL/IM-0002-0002.jpeg")
    (root / "train/NORMAL/IM-0900-0001.jpeg").write_text("no picture <script>")
    return root


def _save(rng: np.random.Generator, path: Path, side: int, quality: int, stamp: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    small = Image.fromarray(rng.integers(60, 130, (32, 32), dtype=np.uint8))
    large = small.resize((side, side), Image.Resampling.BICUBIC)
    if stamp:
        mark = Image.new("L", (60, 40))
        ImageDraw.Draw(mark).text((14, 12), "KV59", fill=255, font=ImageFont.load_default(16))
        shrunk = mark.resize((60 * side // 224, 40 * side // 224), Image.Resampling.BICUBIC)
        large.paste(shrunk, (side - shrunk.width, side - shrunk.height))
    large.save(path, quality=quality)


@pytest.fixture(scope="module")
def page(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "new" / "audit.html"
    assert main(["data", "audit", str(source), "--out", str(out)]) == 3, "one film could not be read"
    return out


def test_json_twin_holds_what_was_planted(page: Path) -> None:
    found = json.loads(page.with_suffix(".json").read_text())

    assert found["films"] == 83
    assert found["patients_in_more_than_one_split"] == []
    assert found["exact_duplicates"]["spare_copies"] == 1
    assert found["exact_duplicates"]["list"][0]["films"] == [
        "train/NORMAL/IM-0002-0001.jpeg",
        "train/NORMAL/IM-0002-0002.jpeg",
    ]
    (near,) = found["near_duplicates"]["list"]
    assert set(near["films"]) == {"train/NORMAL/IM-0001-0001.jpeg", "test/NORMAL/IM-0300-0001.jpeg"}
    assert near["crosses_split"]
    assert not near["crosses_label"]
    baselines = found["shortcuts"]["baselines"]
    assert baselines["file_size"] == {"train_auc": 1.0, "test_auc": 1.0, "higher_is": "normal", "alarming": True}
    assert baselines["dimensions"]["test_auc"] == 1.0
    assert baselines["blurred"]["test_auc"] < 0.8
    assert [bad["reason"] for bad in found["unreadable"]] == ["not_an_image"]
    stamp = found["burnt_in_marks"]["of_one_class"][0]
    assert (stamp["label"], stamp["contradicted_in_test"]) == ("pneumonia", 10)
    assert stamp["counts"] == {"train": {"viral": 30}, "test": {"normal": 10}}
    assert stamp["runs"] == ["normal/IM 101 to 110 (10)"]


def test_page_stands_alone_and_says_the_worst_first(page: Path) -> None:
    html = page.read_text()

    assert html.index("The labels can be told without looking at lungs") < html.index("What is there")
    assert "1 burnt-in mark tells the class" in html
    assert "all of them are pneumonias" in " ".join(html.split())
    assert "repeated picture crosses a split" in html.replace("\n", " ")
    assert "IM-0900-0001.jpeg" in html
    assert re.findall(r'(?:src|href)="(?!data:image/|#)', html) == [], "nothing is loaded from elsewhere"
    assert html.count("data:image/jpeg;base64,") >= 8


def test_json_option_prints_the_twin(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "audit.html"
    main(["data", "audit", str(source / "test"), "--out", str(page), "--json"])
    printed = capsys.readouterr().out
    assert json.loads(printed) == json.loads(page.with_suffix(".json").read_text())
    assert json.loads(printed)["counts"]["all"]["normal"] == {"films": 11, "patients": 11}


@pytest.mark.parametrize("out", ["audit.pdf", "file/audit.html"])
def test_unusable_output_is_a_message(
    source: Path, tmp_path: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["data", "audit", str(source / "test"), "--out", str(tmp_path / out)]) == 2
    assert out.split("/")[-1] in capsys.readouterr().err


def test_text_from_files_is_escaped(source: Path, tmp_path: Path) -> None:
    films = tmp_path / "<b>films"
    shutil.copytree(source / "test", films)
    (films / "NORMAL" / "<img src=x>.jpeg").write_text("no picture")
    main(["data", "audit", str(films), "--out", str(tmp_path / "a.html")])
    html = (tmp_path / "a.html").read_text()
    assert "<img src=x>" not in html
    assert "<b>films" not in html
    assert "&lt;img src=x&gt;" in html


@pytest.mark.slow
def test_real_films_have_the_known_repeats_and_the_known_stamp(real_films: Path, tmp_path: Path) -> None:
    known = layout.load(real_films)
    test = [each for each in known if each.split == "test"]
    pneumonias = [each for each in known if each.split == "train" and each.positive]
    normals = [each for each in known if each.split == "train" and not each.positive]
    write_manifest([*test, *pneumonias[::4], *normals[::4]], tmp_path / "some.csv")
    assert main(["data", "audit", str(tmp_path / "some.csv"), "--out", str(tmp_path / "page.html")]) == 0
    found = json.loads((tmp_path / "page.json").read_text())

    assert found["counts"]["test"]["normal"]["films"] == 234
    assert any(group["crosses_patient"] for group in found["exact_duplicates"]["list"])
    assert found["near_duplicates"]["pairs"] == 0
    stamp = found["burnt_in_marks"]["of_one_class"][0]
    assert stamp["label"] == "pneumonia"
    assert "normal" not in stamp["counts"]["train"]
    assert stamp["contradicted_in_test"] >= 12
    assert stamp["runs"][0].startswith("normal/NORMAL2-IM 195 to 267")
