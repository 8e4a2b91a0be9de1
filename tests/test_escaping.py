"""What others wrote does no harm, wherever it goes."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.escaping import csv_cell, markdown, printable, printable_lines, well_formed

TEXTS = st.text(st.characters(exclude_categories=()), max_size=40) | st.text("='\"+-@\t\r\n,;\\ a\udcff", max_size=8)


@given(TEXTS)
def test_every_name_comes_back_from_csv_and_none_is_a_formula(text: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([csv_cell(text), "end"])
    stream = io.StringIO(stream.getvalue().encode().decode(), newline="")  # strict UTF-8
    [[cell, end]] = csv.reader(stream)
    assert end == "end"
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == well_formed(text)


@given(TEXTS)
def test_every_text_is_well_formed_and_steers_nothing(text: str) -> None:
    assert json.loads(json.dumps(well_formed(text)).encode()) == well_formed(text)
    assert printable(text).isprintable()
    assert "\n" not in markdown(text)
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize("value", [-0.5, 3, None, True, "0.5", "", "a=b", "films/=x.png"])
def test_numbers_and_harmless_texts_stay_as_they_are_in_csv(value: object) -> None:
    assert csv_cell(value) == value


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\ra", "\na", "'a", "\uff0d1"])
def test_a_formula_gets_an_apostrophe_that_can_be_taken_away(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


def test_what_is_no_utf8_becomes_text_at_any_depth() -> None:
    assert well_formed({"a\udcff": ["b\ud800", 1, None, ("\u80f8", 0.5)]}) == {
        r"a\udcff": [r"b\ud800", 1, None, ["\u80f8", 0.5]]
    }


def test_nothing_steers_the_terminal() -> None:
    assert printable("a\x1b[2J\r\n\x9b\u202e\udcff\u80f8 b") == "a\\x1b[2J\\r\\n\\x9b\\u202e\\udcff\u80f8 b"
    assert printable_lines("a\nb\x07") == "a\nb\\x07"


def test_markdown_stays_text() -> None:
    assert markdown("films_of_2024 (624)") == r"films\_of\_2024 (624)"
    assert markdown("x\n# [y](http://z) <script> | `a` *b*") == (r"x\\n# \[y\](http\://z) \<script\> \| \`a\` \*b\*")
