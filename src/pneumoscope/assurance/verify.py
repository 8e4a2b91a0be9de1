"""Reading a journal: what of it holds together, and its results."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumoscope.assurance.journal import Head, Line
from pneumoscope.errors import AssuranceError, DataError

PROBLEMS = 20
"""How many problems are told."""


@dataclass(frozen=True)
class Verification:
    """What is known of a journal.

    Attributes:
        head: where it ends; None where it has no entry.
        problems: sentences, in the order of the lines, at most PROBLEMS; none where it holds together.
    """

    head: Head | None
    problems: tuple[str, ...]


def verify(journal: Path, heads: Sequence[Head] = ()) -> Verification:
    """Follow the chain of a journal from its first line to its last.

    Found are lines that were changed, taken out, put in, repeated or moved; and, with a head that was kept elsewhere, a
    tail that was cut off, and a journal that was made anew. Without a head these two cannot be found.

    Args:
        journal: the file.
        heads: as they were printed, of this moment or earlier ones.

    Raises:
        DataError: the file cannot be read.
    """
    problems: list[str] = []
    open_heads, head = set(heads), None
    for head, problem in _followed(_lines(journal)):
        if problem and len(problems) < PROBLEMS:
            problems.append(problem)
        here = {kept for kept in open_heads if head and kept.entries == head.entries}
        open_heads -= here
        if here - {head}:
            problems.append(
                f"Entry {head.entries if head else 0} is another one than the head says: the journal was made anew."
            )
    last = head.entries if head else 0
    problems += [
        f"The journal ends after {last} entries, and had {kept.entries}: its tail was cut off." for kept in open_heads
    ]
    return Verification(head, tuple(problems))


def results(journal: Path) -> list[dict[str, Any]]:
    """The results of a journal that holds together, as JSON values without identity.

    Raises:
        DataError: the file cannot be read.
        AssuranceError: it does not hold together.
    """
    if found := verify(journal).problems:
        raise AssuranceError(f"{journal}: {found[0]} `pneumoscope journal verify` tells all.")
    entries = (line.values() for content in _lines(journal) if (line := Line.parse(content)))
    return [entry for entry in entries if entry.get("kind") == "result"]


def _lines(journal: Path) -> Iterator[bytes]:
    try:
        with journal.open("rb") as stream:
            yield from stream
    except OSError as problem:
        raise DataError(f"{journal}: the journal cannot be read ({problem.strerror}).") from problem


def _followed(lines: Iterable[bytes]) -> Iterator[tuple[Head | None, str | None]]:
    """For each line where the journal ends with it, and what is wrong with it."""
    before, expected = b"0" * 64, 0
    place = 0
    for place, content in enumerate(lines, 1):
        line = Line.parse(content)
        if line is None:
            cut = "is incomplete, as after a crash or a cut" if not content.endswith(b"\n") else "is no entry"
            yield None if place == 1 else Head(expected, before.decode()), f"Line {place} {cut}."
            expected += 1
            continue
        number = line.values().get("n")
        problem = None if line.follows(before) and number == expected else _wrong(place, number, expected)
        before, expected = line.hash, (number if isinstance(number, int) else expected) + 1
        yield Head(expected, before.decode()), problem
    if place == 0:
        yield None, "The file is empty: a journal has a start."


def _wrong(place: int, number: Any, expected: int) -> str:
    if not isinstance(number, int) or number == expected:
        return f"Line {place} was changed, or the hash of the line before it."
    if number > expected:
        missing = str(expected + 1) if number == expected + 1 else f"{expected + 1} to {number}"
        return f"Before line {place}, entry {missing} is missing."
    return f"Line {place} was put in, repeated or moved: it is entry {number + 1}, and follows entry {expected}."
