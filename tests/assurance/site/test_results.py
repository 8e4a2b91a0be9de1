import csv
import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sites import make_profile, result_row

from pneumoscope.assurance.site.results import Listed, ResultRow, join, read_list, read_results
from pneumoscope.decision.site_profile import SiteProfile
from pneumoscope.errors import DataError

NOW = datetime(2027, 1, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def profile() -> SiteProfile:
    return make_profile()


@pytest.fixture
def rows() -> list[ResultRow]:
    return [result_row(number, None if number == 3 else number / 7, NOW + timedelta(number)) for number in range(6)]


def as_text(row: ResultRow) -> dict[str, object]:
    return asdict(row) | {"time": row.time.isoformat(), "finding": None, "remarks": ["no_window"]}


def write_lines(path: Path, rows: list[ResultRow]) -> Path:
    path.write_text("".join(json.dumps(as_text(row)) + "\n" for row in rows))
    return path


def test_json_lines_csv_and_parquet_say_the_same(rows: list[ResultRow], profile: SiteProfile, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    lines = write_lines(tmp_path / "results.jsonl", rows)
    table = tmp_path / "results.csv"
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(as_text(rows[0])))
        writer.writeheader()
        writer.writerows(as_text(row) | {"remarks": "no_window"} for row in rows)
    (tmp_path / "job" / "results").mkdir(parents=True)
    (tmp_path / "job" / "films.parquet").write_bytes(b"not looked at")
    pq.write_table(pa.Table.from_pylist([as_text(row) for row in rows]), tmp_path / "job" / "results" / "part.parquet")
    for source in (lines, table, tmp_path / "job", tmp_path / "job" / "results" / "part.parquet"):
        assert read_results([source], profile) == rows


def test_a_film_counts_once_by_its_last_result(rows: list[ResultRow], profile: SiteProfile, tmp_path: Path) -> None:
    later = replace(rows[0], score=5.0, time=NOW + timedelta(99))
    first = write_lines(tmp_path / "a.jsonl", [later, *rows])
    second = write_lines(tmp_path / "b.jsonl", rows[1:3])
    assert read_results([first, second], profile) == [*rows[1:], later]


def test_a_time_without_a_zone_is_utc(rows: list[ResultRow], profile: SiteProfile, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(as_text(rows[0]) | {"time": "2027-01-04T00:00:00"}))
    assert read_results([path], profile) == rows[:1]


def test_what_is_no_result_is_refused(rows: list[ResultRow], profile: SiteProfile, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    for text in ("{", "[]\n", '{"source": "a"}\n', "no results\n"):
        path.write_text(text)
        with pytest.raises(DataError, match="these are no results"):
            read_results([path], profile)
    path.write_text("")
    with pytest.raises(DataError, match="no results in there"):
        read_results([path], profile)
    with pytest.raises(DataError, match="these are no results"):
        read_results([tmp_path / "none.csv"], profile)
    write_lines(path, [rows[0], replace(rows[1], model_sha256="0" * 64)])
    with pytest.raises(DataError, match=r"result 2: made by the bundle 000000000000"):
        read_results([path], profile)


def test_a_list_joins_by_uid_digest_or_path(rows: list[ResultRow], tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    rows = [
        replace(rows[0], sop_instance_uid="1.2"),
        rows[1],
        replace(rows[2], source=str(tmp_path / "c.png")),
        rows[4],
    ]
    path.write_text(
        "sop_instance_uid,source_sha256,path,label,device,date\n"
        f"1.2,,,PNEUMONIA,,\n,{rows[1].source_sha256},,normal,room 1,2027-02-03\n,,c.png,,,\n"
    )
    listed = read_list(path)
    assert listed[1] == Listed(
        source_sha256=rows[1].source_sha256, label="normal", device="room 1", date=date(2027, 2, 3)
    )
    assert [known for _, known in join(rows, listed, tmp_path)] == [*listed, None]


@pytest.mark.parametrize(
    ("text", "said"),
    [("label\nnormal\n", "must name one of the columns"), ("path,label\nx,perhaps\n", "line 2"),
     ("path,date\nx,yesterday\n", "a date is YYYY-MM-DD"), ("path,label\n,normal\n", "names no film")],
)  # fmt: skip
def test_a_list_that_cannot_be_understood_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_list(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_list(tmp_path / "none.csv")
