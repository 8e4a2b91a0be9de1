import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from tiny import film

from pneumoscope.screening.output.summary import probability_text
from pneumoscope.screening.output.table import Table
from pneumoscope.screening.output.writers import CsvFile, JsonLines
from pneumoscope.screening.record import FIELDS
from pneumoscope.screening.screener import Screener


def test_json_lines_parse_one_by_one(screener: Screener, acceptance: Path) -> None:
    stream = io.StringIO()
    writer = JsonLines(stream)
    for result in screener.screen_many(sorted(acceptance.iterdir())):
        writer.add(result)
        assert json.loads(stream.getvalue().splitlines()[-1]) == result.to_dict()


def test_csv_is_complete_before_it_is_closed(screener: Screener, acceptance: Path, tmp_path: Path) -> None:
    writer = CsvFile(tmp_path / "out.csv")
    for result in screener.screen_many(sorted(acceptance.iterdir())):
        writer.add(result)
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    writer.close()
    assert [*rows[0], "listed"] == list(FIELDS)
    assert [row["reason"] for row in rows][:2] == ["", "empty_file"]
    assert float(rows[0]["probability"]) > 0.5


NAMES = (
    "=cmd|' /C calc'!A0.png", "+1.png", "-0.5", "@SUM(A1).png", "\tx.png", "\rx.png", "\nx.png", "\uff1d1.png",
    "'quoted.png",
    "plain.png", "a,b;\"c\".png", "\x1b[31mred.png", "b\nc.png", "\u80f8\u7247.png", "-", "M\udcfcller.png",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_a_formula_and_every_name_comes_back(screener: Screener, tmp_path: Path, name: str) -> None:
    writer = CsvFile(tmp_path / "out.csv")
    result = screener.screen(name)
    writer.add(result)
    writer.close()
    [row] = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_bytes().decode(), newline=""))  # strict UTF-8
    assert not row["source"].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
    assert row["source"].removeprefix("'") == result.to_dict()["source"]
    stream = io.StringIO()
    JsonLines(stream).add(result)
    told = json.loads(stream.getvalue())["source"]
    assert told.encode().decode() == name.replace("\udcfc", r"\udcfc")  # the true name, but for what is no UTF-8


def test_numbers_stay_numbers(screener: Screener, tmp_path: Path) -> None:
    writer = CsvFile(tmp_path / "out.csv")
    result = screener.screen(film(60))
    writer.add(result)
    writer.close()
    with (tmp_path / "out.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert result.score is not None
    assert result.score < 0
    assert float(row["score"]) == result.score


def test_an_earlier_csv_stays_until_the_new_one_is_whole(screener: Screener, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("precious")
    path.chmod(0o600)
    first, second = CsvFile(path), CsvFile(path)
    for writer in (first, second):
        writer.add(screener.screen(film(100)))
    assert path.read_text() == "precious"
    kept = first.close(finished=False)
    assert (kept.name, path.read_text()) == ("out.unfinished.csv", "precious")
    assert len(kept.read_text().splitlines()) == 2
    assert second.close() == path
    assert len(path.read_text().splitlines()) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(found.name for found in tmp_path.iterdir()) == ["out.csv", "out.unfinished.csv"]


def test_table_shows_every_film_and_the_sum(screener: Screener, acceptance: Path) -> None:
    stream = io.StringIO()
    table = Table(Console(file=stream, width=300))
    results = [*screener.screen_many(sorted(acceptance.iterdir())), screener.screen("[bold]\x1b[31m.png")]
    for result in results:
        table.add(result)
    table.close()
    shown = stream.getvalue()
    assert all(Path(result.source).name in shown for result in results[:-1])
    assert "[bold]\\x1b[31m.png" in shown  # neither markup nor a terminal command
    assert "6 films: 1 pneumonia, 0 normal, 5 not assessed. Operating point balanced (pneumonia from 0.500)" in shown


def test_a_probability_never_claims_certainty() -> None:
    assert [probability_text(value) for value in (0.0, 0.123, 1.0, None)] == ["0.001", "0.123", "0.999", "-"]
