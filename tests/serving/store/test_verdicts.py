"""What readers say, and how it is exported."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from stations import make_result

from pneumoscope.assurance.site.results import read_list
from pneumoscope.decision.labels import Finding, Label
from pneumoscope.errors import DataError
from pneumoscope.serving.store.database import Database
from pneumoscope.serving.store.films import Arrival, Films, Origin
from pneumoscope.serving.store.results import Made, Results
from pneumoscope.serving.store.verdicts import Opinion, Seen, Verdicts


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "station.sqlite")
    films, results = Films(opened, "b", ""), Results(opened)
    for number, finding in enumerate((Finding.PNEUMONIA, Finding.UNCERTAIN, Finding.NORMAL)):
        digest = f"{number}" * 64
        film, _ = films.add(Arrival("", digest, f"spool{number}", 1, Origin.PAGE))
        record = make_result(finding=finding, source_sha256=digest).to_dict()
        results.finish(film, Made(f"result{number}", "b", "", 1.0, record, {}, ()))
    yield opened
    opened.close()


def test_the_newest_verdict_of_each_reader_counts(database: Database) -> None:
    verdicts = Verdicts(database)
    verdicts.add("result0", "anna", Opinion.AGREE, None, "")
    verdicts.add("result0", "ben", Opinion.AGREE, Seen.PNEUMONIA, "")
    verdicts.add("result0", "anna", Opinion.DISAGREE, Seen.NORMAL, "an old scar")
    found = verdicts.of_result("result0")
    assert [(one.reader, one.opinion, one.seen) for one in found] == [
        ("anna", Opinion.DISAGREE, Seen.NORMAL),
        ("ben", Opinion.AGREE, Seen.PNEUMONIA),
    ]
    assert verdicts.of_results(["result0", "result1"]) == {"result0": Opinion.DISAGREE}
    assert verdicts.of_results([]) == {}


def test_who_disagrees_says_what_they_see(database: Database) -> None:
    with pytest.raises(DataError, match="what you see"):
        Verdicts(database).add("result0", "anna", Opinion.DISAGREE, None, "")
    with pytest.raises(DataError, match="2,000"):
        Verdicts(database).add("result0", "anna", Opinion.AGREE, None, "x" * 2001)


def test_the_export_is_the_list_that_site_shadow_reads(database: Database, tmp_path: Path) -> None:
    verdicts = Verdicts(database)
    verdicts.add("result0", "anna", Opinion.AGREE, None, "=cmd()")
    verdicts.add("result1", "anna", Opinion.AGREE, None, "")
    verdicts.add("result2", "anna", Opinion.AMEND, Seen.OTHER, "")
    verdicts.add("result2", "ben", Opinion.DISAGREE, Seen.PNEUMONIA, "")
    text = verdicts.export()
    assert next(csv.DictReader(io.StringIO(text)))["comment"] == "'=cmd()"
    path = tmp_path / "verdicts.csv"
    path.write_text(text, encoding="utf-8")
    labels = [(row.source_sha256, row.label) for row in read_list(path)]
    assert labels == [("0" * 64, Label.PNEUMONIA), ("1" * 64, None), ("2" * 64, None), ("2" * 64, Label.PNEUMONIA)]
