"""Markdown tables, and pages with places that are filled from records."""

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

WIDTH = 120
"""Characters of a line of words that is filled in; rows of a table are as long as they are."""


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; all columns but the first are set to the right."""
    columns = list(head)
    lines = [columns, ["---"] + ["---:"] * (len(columns) - 1), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def places(text: str, names: Iterable[str]) -> list[str]:
    """Which of the names have a place in a page: two comments that name it, one before the table and one after."""
    return [name for name in names if _start(name) in text]


def fill(text: str, tables: Mapping[str, str]) -> str:
    """Put every table into its place in a page, with the words beside it wrapped.

    Raises:
        ValueError: the page has no such place, or its end is missing.
    """
    for name, content in tables.items():
        before, found, rest = text.partition(_start(name))
        _, closed, after = rest.partition(_end(name))
        if not (found and closed):
            raise ValueError(f"no place for the table {name!r} in a page that begins {text[:40]!r}")
        text = f"{before}{_start(name)}\n\n{_wrapped(content.strip())}\n\n{_end(name)}{after}"
    return text


def filled(page: Path, tables: Mapping[str, str]) -> str | None:
    """The text of a page with those of the tables filled in that it has a place for; None where it has no place."""
    text = page.read_text(encoding="utf-8")
    there = places(text, tables)
    return fill(text, {name: tables[name] for name in there}) if there else None


def _wrapped(content: str) -> str:
    """Lines that begin with a letter or a number, which are words, at most WIDTH long; all others as they are."""
    return "\n".join(
        textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) if line[:1].isalnum() else line
        for line in content.split("\n")
    )


def _start(name: str) -> str:
    return f"<!-- {name} -->"


def _end(name: str) -> str:
    return f"<!-- end of {name} -->"
