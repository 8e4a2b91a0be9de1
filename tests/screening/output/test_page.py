import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

from PIL import Image
from tiny import film

from pneumoscope.screening.output.heatmap_picture import NOTHING_TO_SHOW
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
        if tag not in ("meta", "img", "link", "br"):
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
        "threshold 0.500",
        "5 films: 1 pneumonia, 0 normal, 4 not assessed",
        "declared_size_too_large",
        "bright",
    ):
        assert expected in text
    assert all(path.name in text for path in acceptance.iterdir())


def test_page_shows_what_it_has_when_cut_short(screener: Screener, acceptance: Path, tmp_path: Path) -> None:
    page = Page(tmp_path / "page.html", screener.card)
    page.add(screener.screen(acceptance / "a_good.jpeg"))
    assert "a_good.jpeg" in (tmp_path / "page.html").read_text()
    page.close()


def test_a_normal_film_says_that_nothing_raised_its_score(screener: Screener, tmp_path: Path) -> None:
    page = Page(tmp_path / "page.html", screener.card)
    page.add(screener.screen(film(60), heatmap=True))
    page.close()
    text = (tmp_path / "page.html").read_text()
    assert NOTHING_TO_SHOW in text
    assert text.count("data:image/jpeg") == 1
