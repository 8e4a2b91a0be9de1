"""The report: complete, self-contained, readable back, and honest about what is not defined."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from cards import make_card
from PIL import Image
from synthetic import MIXED, RULE, in_series, predictions

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Label
from pneumoscope.evaluation import Predictions, Resampling, evaluate
from pneumoscope.evaluation.report import curves, report
from pneumoscope.evaluation.report.table import predictions_text

FEW = Resampling(100)
CARD = make_card(
    name="toy",
    version="1.2.3",
    rule=RULE,
    training={"recipe": "default"},
    intended_use="Research <only>.",
    limits=("Children of one hospital.",),
)
HISTORY = [
    {"phase": phase, "epoch": epoch, "loss": 1 / (epoch + 1), "auc": 0.9, "val_loss": float("nan"), "val_auc": 0.8}
    for phase, epochs in (("head", 2), ("finetune", 3))
    for epoch in range(epochs)
]


class Page(HTMLParser):
    """Collects what a page would fetch, the identifiers it has, and unclosed elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources, self.links, self.ids, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids += [values["id"]] if "id" in values else []
        self.sources += [values[name] for name in ("src", "srcset", "data") if name in values]
        self.links += [values["href"]] if "href" in values else []
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report of two evaluations, with the bundle and the training history."""
    folder = tmp_path_factory.mktemp("report")
    both = [
        evaluate(predictions(MIXED, refused=1), RULE, "Validation (held-out films)", resampling=FEW),
        evaluate(predictions(MIXED, seed=1), RULE, "Official test", reference=True, resampling=FEW),
    ]
    page = report.write(both, folder, report.Subject(CARD, "ab" * 32), HISTORY)
    return folder, page.read_text(), both


def test_every_figure_is_a_file_and_named_on_the_page(written):
    folder, text, _ = written
    kinds = ("roc", "precision-recall", "confusion", "three-class", "scores", "reliability")
    expected = {f"{kind}-{split}" for kind in kinds for split in ("validation", "official-test")} | {"training-history"}
    assert {path.stem for path in (folder / "figures").iterdir()} == expected
    assert expected <= set(Page(text).ids)
    assert [int(number) for number in re.findall(r"Figure (\d+)\.", text)] == list(range(1, 14))
    with Image.open(folder / "figures" / "roc-validation.png") as picture:
        assert picture.width >= 1000


@pytest.mark.slow
def test_a_history_without_validation_speaks_of_none(written, tmp_path):
    trained = [{key: value for key, value in row.items() if not key.startswith("val_")} for row in HISTORY]
    (_, text, both), said = written, "and on the validation films"
    assert said in text
    assert said not in report.write(both[1:], tmp_path, history=trained).read_text()
    lines = [axes.get_legend_handles_labels()[1] for axes in curves.history(trained).axes]
    assert lines == [["training"], ["training"]]


def test_the_page_fetches_nothing(written):
    page = Page(written[1])
    assert page.open == []
    assert page.sources
    assert all(source.startswith("data:image/") for source in page.sources)
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert not re.search(r"<script|<link|<iframe|@import|url\(", written[1])


def test_the_page_escapes_what_others_wrote(written):
    assert "Research &lt;only&gt;." in written[1]
    assert "Children of one hospital." in written[1]


def test_the_json_twin_brings_the_evaluations_back(written):
    folder, _, both = written
    content = json.loads((folder / "report.json").read_text())
    assert content["bundle_sha256"] == "ab" * 32
    assert content["history"][0]["val_loss"] is None, "NaN is no JSON"
    assert [e.to_dict() for e in report.read(folder / "report.json")] == [e.to_dict() for e in both]


def test_the_table_has_a_row_for_every_film(written):
    folder, text, both = written
    content = json.loads((folder / "report.json").read_text())
    assert content["predictions"] == "predictions.csv"
    assert "predictions.csv" in text
    with (folder / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(e.counts()["films"] + e.counts()["not_assessed"] for e in both)
    first = [row for row in rows if row["evaluation"] == both[0].title]
    assert [row["reason"] for row in first] == [""] * 150 + ["truncated"]
    assert [float(row["probability"]) for row in first[:-1]] == both[0].probability.tolist()
    for point in both[0].points:
        called = [row[f"finding_{point.name}"] == "pneumonia" for row in first[:-1]]
        truth = [row["label"] == "pneumonia" for row in first[:-1]]
        missed = sum(sick and not found for sick, found in zip(truth, called, strict=True))
        assert missed == point.confusion[1][0]


def test_a_site_finds_its_own_columns_and_no_formula(tmp_path):
    judged = predictions({"normal": 2, "viral": 2})
    told = [replace(one, listed={"ward": "=1+1"}) for one in judged.radiographs]
    evaluation = evaluate(Predictions(tuple(told), judged.logits), RULE, "Ours", resampling=FEW)
    assert "ward" not in json.dumps(evaluation.to_dict())
    [head, *rows] = csv.reader(io.StringIO(predictions_text([evaluation])))
    assert head[-1] == "listed_ward"
    assert {row[-1] for row in rows} == {"'=1+1"}


@pytest.mark.slow
def test_the_baseline_is_shown_beside_the_official_test_only(written, tmp_path):
    folder, text, both = written
    assert text.count("Beside the baseline") == 1
    assert "27 of 390" in text
    assert "90.2%" in (folder / "model-card.md").read_text()
    alone = report.write(both[:1], tmp_path).read_text() + (tmp_path / "model-card.md").read_text()
    assert "27 of 390" not in alone
    assert "threshold 0.700" not in alone


def test_page_and_card_say_what_was_resampled(tmp_path):
    blocks = evaluate(in_series({"normal": 60, "bacterial": 50, "viral": 40}), RULE, "Blocks")
    patients = evaluate(predictions(MIXED), RULE, "Patients", resampling=FEW)
    page = report.write([blocks, patients], tmp_path).read_text()
    card = (tmp_path / "model-card.md").read_text()
    for text in (page, card):
        assert "2,000 resamples of blocks of 20 films" in text
        assert "100 resamples of patients" in text


def test_page_and_card_say_what_the_viral_answer_is_worth(written):
    folder, text, both = written
    viral = both[1].viral
    said = f"{sum(viral.called.values())} films are called viral: {viral.called['viral']} of them are viral"
    assert said in text
    assert said in (folder / "model-card.md").read_text()
    assert viral.separated is False
    assert "Viral pneumonia is not shown to be separated" in text


def test_the_calibration_error_of_the_official_test_stands_beside_the_probability(written, tmp_path):
    folder, _, both = written
    error = both[1].ranking["calibration_error"].value
    said = f"calibration error on the official test: {error:.3f}"
    assert said in (folder / "model-card.md").read_text()
    report.write(both[:1], tmp_path, report.Subject(CARD))
    assert "calibration error on the official test" not in (tmp_path / "model-card.md").read_text()


def test_the_model_card_holds_the_numbers_and_well_formed_tables(written):
    folder, _, both = written
    card = (folder / "model-card.md").read_text()
    assert card.startswith("# Model card: toy 1.2.3\n")
    missed, total = both[1].main.confusion[1][0], sum(both[1].main.confusion[1])
    assert f"| Missed pneumonias | {missed} of {total} | |" in card
    for table in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE):
        rows = table.splitlines()
        assert re.fullmatch(r"(\|---)+\|", rows[1])
        assert len({row.count("|") for row in rows}) == 1


def test_films_that_were_not_assessed_are_listed(written):
    assert "normal-900.jpeg" in written[1]
    assert "truncated" in written[1]


@pytest.mark.slow
@pytest.mark.parametrize("counts", [{"normal": 4}, {"viral": 3}, {"pneumonia": 1}, {"normal": 1, "pneumonia": 2}])
def test_few_films_make_a_report_that_says_what_is_missing(counts, tmp_path):
    page = report.write([evaluate(predictions(counts), RULE, "My films", resampling=FEW)], tmp_path)
    text = page.read_text()
    assert Page(text).open == []
    assert ("not defined: only one class" in text) == (len(counts) == 1)
    assert (tmp_path / "figures" / "roc-my-films.png").exists() == (len(counts) == 2)
    assert "nan" not in re.sub(r'"data:[^"]*"', "", text).lower().split()


def test_the_worst_errors_are_shown_worst_first_and_only_on_the_page(tmp_path):
    films, logits = [], []
    for index, score in enumerate([4, 9, 1, -6]):  # three false alarms, one right
        path = tmp_path / f"film-{index}.png"
        Image.fromarray(np.random.default_rng(index).integers(0, 256, (300, 260), np.uint8)).save(path)
        films.append(LabelledRadiograph(path, Label.NORMAL, None, str(index), "all"))
        logits.append([0, score, score])
    (tmp_path / "film-1.png").unlink()
    judged = evaluate(Predictions(tuple(films), np.array(logits, np.float32)), RULE, "Own", resampling=FEW)
    text = report.write([judged], tmp_path / "out").read_text()
    assert re.findall(r"film-\d\.png</span>", text) == [f"film-{i}.png</span>" for i in (1, 0, 2)]
    assert text.count("data:image/jpeg") == 2
    assert "film not at hand" in text
    assert not list((tmp_path / "out").rglob("*.jp*g"))


def test_two_evaluations_need_two_titles(written, tmp_path):
    with pytest.raises(ValueError, match="titles"):
        report.write([written[2][0]] * 2, tmp_path)
