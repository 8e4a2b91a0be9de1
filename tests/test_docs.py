"""The documentation says what is so: its numbers, links and commands."""

import argparse
import json
import re
import runpy
import shlex
from pathlib import Path

import pytest

from benchmarks import RESULTS
from pneumoscope.bundle.card import RELEASED
from pneumoscope.cli import _parser
from pneumoscope.imaging import Reason, Remark
from pneumoscope.imaging.formats.jpeg import MAX_SCANS
from pneumoscope.imaging.limits import MAX_BYTES, MAX_PIXELS, MAX_SATURATED, MIN_SIDE, MIN_SPREAD

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


def test_readme_counts_the_false_alarms_of_one_system():
    from experiments.test_set_audit.one_system import sentence

    assert sentence() in " ".join((ROOT / "README.md").read_text().split())


def test_every_reason_and_every_remark_is_explained():
    listed = {"refusals.md": Reason, "data.md": Remark}
    for page, codes in listed.items():
        rows = re.findall(r"^\| `([a-z0-9_]+)` \| .{20,} \|$", (ROOT / "docs" / page).read_text(), re.MULTILINE)
        known = [name for name in rows if name in set(Reason) | set(Remark)]
        assert sorted(known) == sorted(codes), page
    refusals = (ROOT / "docs" / "refusals.md").read_text()
    numbers = [f"{MAX_BYTES // 2**20} MiB", f"{MAX_PIXELS // 10**6} megapixels", f"under {MIN_SIDE} pixels"]
    numbers += [f"fewer than {MIN_SPREAD:.0f} of 256", f"more than {MAX_SATURATED:.0%}", f"more than {MAX_SCANS} scans"]
    assert not [number for number in numbers if number not in refusals]


def test_the_performance_page_holds_its_records():
    from benchmarks.page import PAGE, TABLES, page

    assert PAGE.read_text() == page(), "run: python -m benchmarks.page"
    assert {path.stem for path in RESULTS.glob("*.json")} == set(TABLES)


def test_the_evidence_pages_hold_their_records():
    from experiments.evidence import TABLES, pages
    from lab.markdown import places

    filled = pages()
    for page, text in filled.items():
        assert page.read_text() == text, f"{page.name}: run: python -m experiments.evidence"
    assert {name for text in filled.values() for name in places(text, TABLES)} == set(TABLES)


def test_readme_states_a_recorded_speed():
    record = json.loads((RESULTS / "screening.json").read_text())
    for row in record["rows"][:2]:
        assert f"{row['films_per_second'] / record['keras_loop']:.1f} times" in (ROOT / "README.md").read_text()


def test_the_api_page_is_made_from_the_docstrings():
    made = runpy.run_path(str(ROOT / "scripts" / "make_api_page.py"))
    assert made["PAGE"].read_text(encoding="utf-8") == made["page"](), "run: python scripts/make_api_page.py"


def test_every_requirement_is_held_by_a_test_that_exists() -> None:
    rows = re.findall(r"^\| (REQ-[A-Z]+-\d\d) \|.*\| (.*) \|$", (ROOT / "docs" / "requirements.md").read_text(), re.M)
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(rows) == len({number for number, _ in rows}) > 30
    for number, named in rows:
        names = re.findall(r"`(test_\w+)`", named)
        assert names, number
        assert all(f"def {name}(" in tests for name in names), (number, names)
