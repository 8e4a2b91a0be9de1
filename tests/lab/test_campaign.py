import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from experiments import HERE, campaign, campaigns
from experiments.words import NAMES
from lab.campaign import SCORES, Campaign, Record, main, seal
from lab.scores import measured
from tests.lab.conftest import Made


def test_what_was_sealed_is_read_back_bit_for_bit(made: Made) -> None:
    assert list(made.campaign.records) == made.records
    assert made.campaign.names() == ["a", "b"]
    assert made.campaign.content("run", "a")["history"][0]["val_auc"] == 0.1 + 0.2
    for of, rows in (("validation", made.rows[:4]), ("left-out", made.rows[4:5])):
        scores = made.campaign.scores("a", of)
        assert scores.names.tolist() == [row["name"] for row in rows]
        assert scores.patients.tolist() == [row["patient"] for row in rows]
        assert scores.logits.tolist() == [[row["normal"], row["bacterial"], row["viral"]] for row in rows]


def test_classes_follow_the_labels_and_an_unknown_subtype_counts_as_bacterial(made: Made) -> None:
    assert made.campaign.scores("a", "validation").classes.tolist() == [0, 0, 2, 1]
    assert made.campaign.scores("a", "left-out").classes.tolist() == [1]


def test_what_is_not_kept_is_said(made: Made) -> None:
    with pytest.raises(KeyError, match="no left-out scores of b"):
        made.campaign.scores("b", "left-out")
    with pytest.raises(KeyError, match="no record run/c"):
        made.campaign.content("run", "c")


def test_a_sealed_campaign_is_never_written_again(made: Made) -> None:
    before = {path: path.read_bytes() for path in made.campaign.folder.iterdir()}
    with pytest.raises(FileExistsError, match="a new experiment is a new campaign"):
        seal(made.campaign.folder, [])
    assert {path: path.read_bytes() for path in made.campaign.folder.iterdir()} == before


def test_scores_with_other_columns_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must have"):
        seal(tmp_path / "new", [], pa.table({"run": ["a"]}))
    assert list((tmp_path / "new").iterdir()) == []


def test_the_command_seals_files_and_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    record, broken = tmp_path / "record.json", tmp_path / "broken.json"
    record.write_text(json.dumps({"rows": [1, 2.5, None]}))
    broken.write_text("{")
    main([str(tmp_path / "new"), f"stress/release 9.9.9={record}"])
    assert Campaign(tmp_path / "new").records == (Record("stress", "release 9.9.9", {"rows": [1, 2.5, None]}),)
    for wrong in ([f"stress/x={broken}"], [f"stress={record}"], [f"stress/x={tmp_path / 'missing.json'}"]):
        with pytest.raises(SystemExit) as ended:
            main([str(tmp_path / "other"), *wrong])
        assert ended.value.code == 2
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("name", campaigns())
def test_every_campaign_reads_and_has_a_page(name: str) -> None:
    kept = campaign(name)
    assert kept.records
    page = (kept.folder / "README.md").read_text()
    for part in ("**Question.**", "**Rule.**", "**Result.**", "**Command.**"):
        assert part in page, part


def test_every_scored_run_has_finite_logits_and_ranks_better_than_chance() -> None:
    rows = 0
    for name in campaigns():
        for run in campaign(name).names():
            for of in ("validation", "left-out"):
                try:
                    scores = campaign(name).scores(run, of)
                except (KeyError, FileNotFoundError):
                    continue
                rows += len(scores)
                assert np.isfinite(scores.logits).all()
                assert len(SCORES) == 8
                assert measured(scores)["auc"] > 0.9, (name, run, of)
    assert rows == 71_504


@pytest.mark.parametrize("page", sorted(HERE.rglob("README.md")), ids=lambda page: page.parent.name)
def test_links_of_the_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_index_lists_every_campaign() -> None:
    index = (HERE / "README.md").read_text()
    assert [name for name in campaigns() if f"[{name}]({name}/README.md)" not in index] == []


def test_only_names_that_records_hold_are_translated() -> None:
    held = "\n".join((HERE / name / "runs.jsonl").read_text() for name in campaigns())
    assert [name for name in NAMES if f'"name":"{name}"' not in held and f'"policy":"{name}"' not in held] == []
