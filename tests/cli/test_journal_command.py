"""``pneumoscope screen --journal`` and ``pneumoscope journal verify``."""

import re
from pathlib import Path

import pytest

from pneumoscope.cli import main


@pytest.fixture
def journal(tiny_bundle: Path, films: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A journal of three results; beside it, in a file, the head that the run printed."""
    path = tmp_path / "journal.jsonl"
    command = ["screen", *map(str, films[:3]), "--json", "--bundle", str(tiny_bundle), "--journal", str(path)]
    assert main(command) == 0
    match = re.search(r"^head of the journal, to keep elsewhere: (\d+:[0-9a-f]{64})$", capsys.readouterr().err, re.M)
    assert match
    path.with_suffix(".head").write_text(match[1])
    return path


def test_a_run_prints_its_head_and_the_head_holds(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = journal.with_suffix(".head").read_text()
    assert printed.startswith("4:")
    assert main(["journal", "verify", str(journal)]) == 0
    out = capsys.readouterr().out
    assert f"intact. Head {printed}. Without --head, a tail that was cut off cannot be noticed." in out
    assert main(["journal", "verify", str(journal), "--head", printed]) == 0
    assert "Without" not in capsys.readouterr().out


def test_a_cut_tail_and_a_changed_line_fail(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed, whole = journal.with_suffix(".head").read_text(), journal.read_bytes()
    journal.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    assert main(["journal", "verify", str(journal), "--head", printed]) == 5
    assert "its tail was cut off" in capsys.readouterr().out
    journal.write_bytes(whole.replace(b"normal", b"abnorm", 1))
    assert main(["journal", "verify", str(journal)]) == 5
    assert "Line 2 was changed" in capsys.readouterr().out


def test_wrong_usage_is_2(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", str(journal), "--head", "4"]) == 2
    assert "no head of a journal" in capsys.readouterr().err
    assert main(["journal", "verify", str(journal.with_name("gone"))]) == 2


def test_a_journal_is_no_other_output_and_no_input(
    films: list[Path], tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = films[0].read_bytes()
    screen = ["screen", str(films[0]), "--bundle", str(tiny_bundle)]
    assert main([*screen, "--journal", str(films[0])]) == 2
    assert main([*screen, "--journal", str(tmp_path / "a"), "--csv", str(tmp_path / "a")]) == 2
    assert main([*screen, "--journal", str(films[1])]) == 2
    assert "this file is no journal" in capsys.readouterr().err
    assert films[0].read_bytes() == before


def test_many_films_on_ray_have_no_journal(films: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["screen", str(films[0]), "--engine", "ray", "--out", "out", "--journal", "j"]) == 2
    assert "--journal goes with --engine local only" in capsys.readouterr().err
