import csv
import io
import json
from pathlib import Path

from rich.console import Console

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


def test_csv_keeps_names_that_are_no_utf8(screener: Screener, tmp_path: Path) -> None:
    writer = CsvFile(tmp_path / "out.csv")
    writer.add(screener.screen(tmp_path / "film\udcff.png"))
    writer.close()
    assert b"film\xff.png" in (tmp_path / "out.csv").read_bytes()


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
