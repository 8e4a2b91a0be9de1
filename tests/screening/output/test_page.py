import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from tiny import film

from pneumoscope.screening.output.page import Page
from pneumoscope.screening.screener import Screener


class Wellformed(HTMLParser):
    """Checks that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "input", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def written(screener: Screener, folder: Path, out: Path) -> str:
    page = Page(out, screener.card, notice="Made by <a program>.", notes={str(folder / "a_good.jpeg"): "bright"})
    for result in screener.screen_many(sorted(folder.iterdir()), heatmap=True):
        page.add(result)
    page.close()
    return out.read_text()


def test_page_is_whole_and_needs_nothing_from_outside(screener: Screener, acceptance: Path, tmp_path: Path) -> None:
    text = written(screener, acceptance, tmp_path / "page.html")
    parser = Wellformed()
    parser.feed(text)
    assert parser.open == []
    pictures = [address for address in parser.addresses if not address.startswith("#")]
    assert len(pictures) == 2
    assert all(address.startswith("data:image/jpeg;base64,") for address in pictures)
    assert "http" not in re.sub(r"data:[^\"]*", "", text)
    for address in pictures:
        Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).load()


def test_page_says_what_a_reader_must_know(screener: Screener, acceptance: Path, tmp_path: Path) -> None:
    text = written(screener, acceptance, tmp_path / "page.html")
    for expected in (
        "Research use; not a medical device",
        "regions that raised the score; not proof of disease",
        "Knows nothing but &lt;brightness&gt;.",
        "Made by &lt;a program&gt;.",
        "pneumonia from 0.500",
        "5 films: 1 pneumonia, 0 normal, 4 not assessed",
        "declared_size_too_large",
        "bright",
    ):
        assert expected in text
    assert all(path.name in text for path in acceptance.iterdir())


def test_a_page_says_that_it_is_unfinished_until_it_is_whole(
    screener: Screener, acceptance: Path, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    page = Page(out, screener.card, total=20_000)
    page.add(screener.screen(acceptance / "a_good.jpeg"))
    text = out.read_text()  # as after kill -9
    assert "a_good.jpeg" in text
    assert re.search("Unfinished: 1 of 20,000 films at 20.*same command begins anew.*--engine ray", text)
    page.close(finished=False)
    assert re.search("Unfinished: 1 of 20,000 films. The screening was interrupted at 20", out.read_text())
    page.close()
    assert "Unfinished" not in out.read_text()


def test_an_earlier_page_stays_until_the_new_one_is_whole(screener: Screener, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    for brightness in (200, 100):
        before = out.read_text() if out.exists() else ""
        page = Page(out, screener.card, total=1)
        page.add(screener.screen(film(brightness)))
        assert not before or out.read_text() == before
        assert page.close(finished=False).exists()
        assert not before or out.read_text() == before
        page.close()
        assert out.read_text() != before
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_the_most_suspicious_come_first_and_the_page_says_what_it_leaves_out(
    screener: Screener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumoscope.screening.output.page.LIMIT", 4)
    out = tmp_path / "page.html"
    sources = {name: tmp_path / f"{name}.png" for name in ("n60", "n80", "p200", "p230", "gone")}
    for name, path in sources.items():
        if name != "gone":
            Image.fromarray(film(int(name[1:]))).save(path)
    page = Page(out, screener.card, total=5)
    for result in screener.screen_many(sources.values()):
        page.add(result)
    page.close()
    text = out.read_text()
    assert re.findall(r'<h2 class="name">.*/(\w+).png', text) == ["p230", "p200", "gone", "n80"]
    assert re.findall(r"--given: (\d); --name: (\d)", text) == [("4", "3"), ("3", "2"), ("5", "0"), ("2", "1")]
    assert "The 4 most suspicious of 5 films are shown." in text
    assert "Not assessed: 1 not_found." in text
    assert "5 films: 2 pneumonia, 2 normal, 1 not assessed." in text


def test_a_page_without_pictures_shows_the_findings(screener: Screener, tmp_path: Path) -> None:
    page = Page(tmp_path / "page.html", screener.card)
    page.add(screener.screen(film(200)))
    page.close()
    text = (tmp_path / "page.html").read_text()
    assert "Pneumonia</p>" in text
    assert "Not assessed" not in text


def test_a_page_is_well_formed_whatever_a_file_is_called(screener: Screener, tmp_path: Path) -> None:
    page = Page(tmp_path / "page.html", screener.card)
    page.add(screener.screen("<b>\x1b[31m\u202egnp\udcff.png"))
    page.close()
    text = (tmp_path / "page.html").read_bytes().decode()  # strict UTF-8
    assert r"&lt;b&gt;\x1b[31m\u202egnp\udcff.png" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_normal_film_says_that_nothing_raised_its_score(screener: Screener, tmp_path: Path) -> None:
    page = Page(tmp_path / "page.html", screener.card)
    page.add(screener.screen(film(60), heatmap=True))
    page.close()
    text = (tmp_path / "page.html").read_text()
    assert "No heatmap: the finding is normal, and heat is drawn only for pneumonia." in text
    assert text.count("data:image/jpeg") == 1
