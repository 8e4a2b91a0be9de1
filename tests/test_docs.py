"""The documentation says what is so: its numbers, links and commands."""

import argparse
import json
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

from pneumoscope.bundle.card import RELEASED
from pneumoscope.cli import _parser

ROOT = Path(__file__).parents[1]
PACKAGE = RELEASED.parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page):
    for line in re.findall(r"^ {4}(pneumoscope .*)$", page.read_text(), re.MULTILINE):
        words = shlex.split(line, comments=True)[1:]
        words = words[: words.index(">")] if ">" in words else words
        try:
            _parser().parse_args(words)
        except SystemExit:
            pytest.fail(f"{page.name}: {line}")
        except argparse.ArgumentError as error:
            pytest.fail(f"{page.name}: {line}: {error}")


def test_contributing_names_files_that_exist():
    named = re.findall(r"`([\w./-]+\.(?:cff|css|json|md|py|toml|txt))`", (ROOT / "CONTRIBUTING.md").read_text())
    known = [name for name in named if "NAME" not in name]
    assert len(known) > 20
    assert not [name for name in known if not any((root / name).is_file() for root in (PACKAGE, ROOT))]


def test_readme_states_the_released_results():
    released = json.loads(RELEASED.with_name("evaluation.json").read_text())
    readme = (ROOT / "README.md").read_text()
    for point in released["points"]:
        row = [f"{point['metrics'][name]['value']:.1%}" for name in ("accuracy", "recall", "specificity")]
        row.append(f"{point['metrics']['balanced_accuracy']['value']:.1%}")
        row.append(str(point["confusion"][1][0]))
        assert " | ".join(row) in readme, f"{point['name']}: {row}"
    assert f"AUC {released['ranking']['auc']['value']:.4f}" in readme


def test_the_performance_page_holds_its_records(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])  # as running the script does
    page = runpy.run_path(str(ROOT / "benchmarks" / "page.py"))
    text = page["PAGE"].read_text()
    assert page["filled"](text) == text, "run: python benchmarks/page.py"
    assert {path.stem for path in (ROOT / "benchmarks" / "results").glob("*.json")} == set(page["TABLES"])


def test_the_evidence_pages_hold_their_records(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "experiments"), *sys.path])
    pages = runpy.run_path(str(ROOT / "experiments" / "evidence.py"))["pages"]
    for page, text in pages().items():
        assert page.read_text() == text, f"{page.name}: run: python experiments/evidence.py"


def test_readme_states_a_recorded_speed():
    record = json.loads((ROOT / "benchmarks" / "results" / "screening.json").read_text())
    for row in record["rows"][:2]:
        assert f"{row['films_per_second'] / record['keras_loop']:.1f} times" in (ROOT / "README.md").read_text()
