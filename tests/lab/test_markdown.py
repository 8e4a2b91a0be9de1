from pathlib import Path

import pytest

from lab.markdown import fill, filled, places, table

PAGE = "Words.\n\n<!-- one -->\n\nold\n\n<!-- end of one -->\n\nMore words.\n"


def test_a_table_has_its_numbers_to_the_right() -> None:
    assert table(("name", "value"), [("a", 1), ("b", 2.5)]).splitlines() == [
        "| name | value |",
        "| --- | ---: |",
        "| a | 1 |",
        "| b | 2.5 |",
    ]


def test_a_place_is_filled_and_the_words_around_it_stay() -> None:
    text = fill(PAGE, {"one": "new\n"})
    assert text == PAGE.replace("old", "new")
    assert fill(text, {"one": "new"}) == text


def test_only_tables_with_a_place_are_filled(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert places(PAGE, ("one", "two")) == ["one"]
    assert filled(page, {"one": "new", "two": "never"}) == PAGE.replace("old", "new")
    assert filled(page, {"two": "never"}) is None


@pytest.mark.parametrize("page", ["no place", "<!-- one --> and no end"])
def test_a_place_that_is_missing_or_open_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="no place for the table 'one'"):
        fill(page, {"one": "new"})


def test_words_beside_a_table_are_wrapped_and_its_rows_are_not():
    words, row = "word " * 40 + "`a-name`.", "| " + "cell " * 40 + "|"
    lines = fill("<!-- t -->\n\n<!-- end of t -->\n", {"t": f"{words}\n\n{row}"}).splitlines()
    assert row in lines
    assert max(len(line) for line in lines if line != row) <= 120
    assert " ".join(line for line in lines if line.startswith(("word", "`"))) == words
