"""What of a journal holds together, and what a change to it looks like."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from pneumoscope.assurance.journal import Head, Journal, Line
from pneumoscope.assurance.verify import PROBLEMS, results, verify
from pneumoscope.errors import AssuranceError, DataError
from pneumoscope.screening.screener import Screener

Lines = list[bytes]


@pytest.fixture
def journal(screener: Screener, films: list[Path], tmp_path: Path) -> Path:
    """A journal with a start and five results."""
    path = tmp_path / "journal.jsonl"
    with Journal(path) as log:
        for result in screener.screen_many(films[:5]):
            log.add(result)
    return path


def lines(journal: Path) -> Lines:
    return journal.read_bytes().splitlines(keepends=True)


def chained(entries: list[bytes]) -> bytes:
    """A journal made anew by someone who knows how."""
    before, content = b"0" * 64, b""
    for entry in entries:
        before = sha256(before + entry).hexdigest().encode()
        content += b'{"hash":"' + before + b'","entry":' + entry + b"}\n"
    return content


def test_what_nobody_touched_is_intact(journal: Path) -> None:
    found = verify(journal)
    assert found.problems == ()
    assert found.head
    assert (found.head.entries, found.head.hash) == (6, lines(journal)[-1][9:73].decode())
    assert len(results(journal)) == 5


def test_every_changed_byte_is_noticed(journal: Path) -> None:
    whole = b"".join(lines(journal)[:3])
    for place in range(len(whole)):
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        journal.write_bytes(content)
        assert verify(journal).problems, place


def test_bytes_that_are_put_in_or_taken_out_are_noticed(journal: Path) -> None:
    whole, rng = journal.read_bytes(), np.random.default_rng(0)
    head = verify(journal).head
    assert head
    for _ in range(300):
        first, last = sorted(rng.integers(len(whole) - 1, size=2))
        for content in (whole[:first] + whole[last + 1 :], whole[:first] + rng.bytes(3) + whole[first:]):
            journal.write_bytes(content)
            assert verify(journal, [head]).problems, (first, last)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda it: [*it[:2], it[2].replace(b"normal", b"abnorm"), *it[3:]], "Line 3 was changed"),
        (lambda it: [*it[:2], *it[3:]], "Before line 3, entry 3 is missing"),
        (lambda it: [*it[:2], *it[4:]], "Before line 3, entry 3 to 4 is missing"),
        (lambda it: it[1:], "Before line 1, entry 1 is missing"),
        (lambda it: [*it[:3], it[2], *it[3:]], "Line 4 was put in, repeated or moved: it is entry 3"),
        (lambda it: [*it[:2], it[3], it[2], *it[4:]], "Before line 3, entry 3 is missing"),
        (lambda it: [*it[:2], b"\n", *it[2:]], "Line 3 is no entry"),
        (lambda it: [*it, b'{"hash":"' + b"0" * 64 + b'","entry":{"n":6}}\n'], "Line 7 was changed"),
        (lambda it: [*it[:-1], it[-1][:-1]], "Line 6 is incomplete"),
        (lambda it: [], "The file is empty"),
    ],
)
def test_a_change_is_named_with_its_line(journal: Path, change: Callable[[Lines], Lines], problem: str) -> None:
    journal.write_bytes(b"".join(change(lines(journal))))
    assert verify(journal).problems[0].startswith(problem)
    with pytest.raises(AssuranceError, match=r"journal\.jsonl: "):
        results(journal)


def test_a_line_that_was_changed_is_one_problem(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes().replace(b'"n":2', b'"n":2 ', 1))
    assert len(verify(journal).problems) == 1


def test_a_tail_that_was_cut_off_is_noticed_by_a_head_alone(journal: Path) -> None:
    head = verify(journal).head
    assert head
    journal.write_bytes(b"".join(lines(journal)[:4]))
    assert verify(journal).problems == ()
    assert verify(journal, [head]).problems == ("The journal ends after 4 entries, and had 6: its tail was cut off.",)


def test_a_journal_that_was_made_anew_is_noticed_by_a_head_alone(journal: Path) -> None:
    head = verify(journal).head
    assert head
    entries = [line.entry for content in lines(journal) if (line := Line.parse(content))]
    journal.write_bytes(chained([entry.replace(b'"finding":"normal"', b'"finding":"uncertain"') for entry in entries]))
    assert verify(journal).problems == ()
    [problem] = verify(journal, [head]).problems
    assert problem == "Entry 6 is another one than the head says: the journal was made anew."


def test_an_earlier_head_holds_while_the_journal_grows(journal: Path, screener: Screener, films: list[Path]) -> None:
    earlier = verify(journal).head
    with Journal(journal) as log:
        log.add(screener.screen(films[0]))
    assert earlier
    assert verify(journal, [earlier, log.head]).problems == ()
    wrong = Head(earlier.entries, "0" * 64)
    assert len(verify(journal, [earlier, wrong]).problems) == 1


def test_no_more_problems_are_told_than_can_be_read(journal: Path) -> None:
    journal.write_bytes(b"no entry\n" * 1000)
    assert len(verify(journal).problems) == PROBLEMS


def test_a_journal_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jsonl: the journal cannot be read"):
        verify(tmp_path / "gone.jsonl")
