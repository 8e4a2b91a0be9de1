"""Every result is on record, whoever writes, and whatever dies on the way."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tiny import film

from pneumoscope.assurance.journal import IDENTITY, KEPT, Head, Journal
from pneumoscope.assurance.selftest import FILMS
from pneumoscope.assurance.verify import results, verify
from pneumoscope.errors import AssuranceError, DataError
from pneumoscope.screening.result import ScreeningResult
from pneumoscope.screening.screener import Screener

WRITER = """
import sys
from pathlib import Path
from pneumoscope.assurance.journal import Journal
from pneumoscope.screening.screener import Screener
result = Screener(sys.argv[2], runtime="onnxruntime").screen(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
if limit := int(sys.argv[5]):
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
journal = Journal(Path(sys.argv[1]))
for number in range(int(sys.argv[4])):
    journal.add(result)
"""


@pytest.fixture
def result(screener: Screener, films: list[Path]) -> ScreeningResult:
    return screener.screen(films[0])


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def entries(journal: Path) -> list[dict[str, object]]:
    return [json.loads(line)["entry"] for line in journal.read_text().splitlines()]


def started(journal: Path, bundle: Path, film: Path, count: int, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, *map(str, (journal, bundle, film, count, limit))]
    pipe = subprocess.PIPE
    writer = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert writer.stdout
    assert writer.stdout.readline() == "ready\n"
    return writer


def test_an_entry_is_the_result_without_identity(screener: Screener, acceptance: Path, journal: Path) -> None:
    every = list(screener.screen_many(sorted(acceptance.iterdir())))
    with Journal(journal) as log:
        for one in every:
            log.add(one)
    start, *kept = entries(journal)
    assert (start["n"], start["kind"], start["journal"]) == (0, "start", 1)
    for number, (one, entry) in enumerate(zip(every, kept, strict=True), 1):
        said = one.to_dict()
        assert entry == {"n": number, "kind": "result"} | {key: said[key] for key in KEPT}
        assert not IDENTITY & entry.keys()
    assert "acceptance" not in journal.read_text()
    assert results(journal) == kept


def test_nothing_leads_to_the_patient_of_a_dicom_object(screener: Screener, journal: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    dataset = pydicom.dcmread(FILMS / "7-dicom-jpeg-2000.dcm")
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID = "1.2.4711.4", "1.2.4711.5"
    dataset.PatientName = "Secret^Person"
    with Journal(journal) as log:
        log.add(screener.screen(dataset))
    text = journal.read_text()
    assert '"status":"screened"' in text
    assert not [secret for secret in ("Secret", "2.25.21", "1.2.4711") if secret in text]


def test_a_journal_goes_on_where_it_ended(result: ScreeningResult, journal: Path) -> None:
    heads = []
    for _ in range(3):
        with Journal(journal) as log:
            log.add(result)
            heads.append(log.head)
    assert [head.entries for head in heads] == [2, 3, 4]
    assert verify(journal, heads).head == heads[-1]
    assert not verify(journal, heads).problems
    assert journal.stat().st_mode & 0o777 == 0o600


def test_many_threads_write_one_chain(result: ScreeningResult, journal: Path) -> None:
    with Journal(journal) as log, ThreadPoolExecutor(8) as pool:
        list(pool.map(log.add, [result] * 100))
    assert verify(journal) == verify(journal, [log.head])
    assert (log.head.entries, verify(journal).problems) == (101, ())


@pytest.mark.slow
def test_many_processes_write_one_chain(films: list[Path], tiny_bundle: Path, journal: Path) -> None:
    writers = [started(journal, tiny_bundle, films[0], 50) for _ in range(3)]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("\n")
        writer.stdin.flush()
    assert [writer.communicate()[1] for writer in writers] == [""] * 3
    found = verify(journal)
    assert found.problems == ()
    assert found.head
    assert found.head.entries == 151


@pytest.mark.slow
def test_a_killed_writer_leaves_a_journal_that_goes_on(
    films: list[Path], tiny_bundle: Path, journal: Path, result: ScreeningResult
) -> None:
    writer = started(journal, tiny_bundle, films[0], 1_000_000)
    assert writer.stdin
    writer.stdin.write("\n")
    writer.stdin.flush()
    while not journal.exists() or journal.stat().st_size < 20_000:
        assert writer.poll() is None
    writer.kill()
    writer.communicate()
    with Journal(journal) as log:
        log.add(result)
    assert not verify(journal, [log.head]).problems


@pytest.mark.parametrize("missing", [1, 2, 40, 300])
def test_an_incomplete_line_is_set_aside_and_noted(result: ScreeningResult, journal: Path, missing: int) -> None:
    with Journal(journal) as log:
        log.add(result)
        log.add(result)
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-missing])
    assert verify(journal).problems == ("Line 3 is incomplete, as after a crash or a cut.",)
    with Journal(journal) as log:
        log.add(result)
    assert not verify(journal, [log.head]).problems
    assert [entry["kind"] for entry in entries(journal)] == ["start", "result", "torn", "result"]
    [aside] = journal.parent.glob("journal.jsonl.torn-*")
    assert whole[:-missing].endswith(aside.read_bytes())
    noted = entries(journal)[2]
    assert noted["bytes"] == aside.stat().st_size
    assert str(noted["sha256"]).startswith(aside.name.rpartition("-")[2])


def test_a_start_that_was_cut_begins_anew(result: ScreeningResult, journal: Path) -> None:
    Journal(journal).close()
    journal.write_bytes(journal.read_bytes()[:60])
    with Journal(journal) as log:
        log.add(result)
    assert [entry["kind"] for entry in entries(journal)] == ["start", "torn", "result"]
    assert not verify(journal).problems


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of files on Windows")
def test_a_full_disk_leaves_whole_lines(films: list[Path], tiny_bundle: Path, journal: Path) -> None:
    """A write that is cut short by the system is taken back."""
    writer = started(journal, tiny_bundle, films[0], 100, limit=5000)
    _, error = writer.communicate("\n")
    assert writer.returncode == 1
    assert f"{journal}" in error.splitlines()[-1]
    assert "File too large" in error.splitlines()[-1]
    assert 4000 < journal.stat().st_size <= 5000
    assert verify(journal).problems == ()


@pytest.mark.parametrize("content", [b"source,finding\n", b'{"source": "a.png"}\n', b"\x89PNG\r\n", b"x" * 9000])
def test_another_file_is_left_as_it_is(journal: Path, content: bytes) -> None:
    journal.write_bytes(content)
    with pytest.raises(DataError, match=r"journal\.jsonl: this file is no journal"):
        Journal(journal)
    assert journal.read_bytes() == content
    assert len(list(journal.parent.glob("journal*"))) == 1


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no regular file"):
        Journal(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="no regular file"):
        Journal(tmp_path / "pipe")


def test_nothing_is_added_to_a_changed_end(result: ScreeningResult, journal: Path) -> None:
    with Journal(journal) as log:
        log.add(result)
    content = bytearray(journal.read_bytes())
    content[-100] ^= 1
    journal.write_bytes(content)
    with pytest.raises(AssuranceError, match="the end of the journal was changed"):
        Journal(journal)
    assert journal.read_bytes() == content


def test_a_deleted_journal_is_no_journal(result: ScreeningResult, journal: Path) -> None:
    with Journal(journal) as log:
        log.add(result)
        journal.unlink()
        with pytest.raises(AssuranceError, match="was deleted while it was written"):
            log.add(result)


def test_a_head_reads_back() -> None:
    head = Head(12, "ab" * 32)
    assert Head.parse(str(head)) == head
    for wrong in ("", "12", f"0:{'ab' * 32}", f"12:{'AB' * 32}", f"12:{'ab' * 31}"):
        with pytest.raises(DataError, match="no head of a journal"):
            Head.parse(wrong)


def test_films_of_an_array_are_on_record_too(screener: Screener, journal: Path) -> None:
    with Journal(journal) as log:
        log.add(screener.screen(film(200)))
    assert results(journal)[0]["finding"] == "pneumonia"
