"""A real browser on the pages of a real station."""

import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsers import ARGUMENTS, CHROMIUM
from PIL import Image
from stations import SAMPLES

from pneumoscope.serving.station import Station

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

if not Path(CHROMIUM).is_file():
    pytest.skip("Chromium is not installed", allow_module_level=True)

pytestmark = pytest.mark.slow


class Watched:
    """A page, with what went wrong on it and where it went."""

    def __init__(self, browser: "playwright.Browser", width: int = 1200) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.page.set_default_timeout(60_000)
        self.faults: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as played:
        started = played.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def watched(browser: "playwright.Browser") -> Iterator[Watched]:
    """A page that has to stay without faults, and on this machine."""
    made = Watched(browser)
    yield made
    made.page.close()
    assert made.faults == []
    assert made.hosts <= {"127.0.0.1"}


def drawn(page: "playwright.Page") -> bytes:
    page.wait_for_selector("#film[data-drawn]")
    page.wait_for_timeout(300)
    return page.locator("#film").screenshot()


def coloured(content: bytes) -> float:
    """The share of pixels that are in colour."""
    image = Image.open(io.BytesIO(content)).convert("HSV").getchannel("S")
    return sum(image.histogram()[60:]) / (image.width * image.height)


def test_films_are_uploaded_read_and_judged_by_a_reader(
    watched: Watched, address: str, station: Station, tmp_path: Path
) -> None:
    page = watched.page
    film = Image.open(SAMPLES / "synthetic-bacterial-2.png").convert("L")
    film.save(tmp_path / "film.png")
    Image.merge("RGB", (film, film.rotate(90), film.rotate(45))).save(tmp_path / "holiday.png")
    page.goto(f"{address}/upload")
    page.set_input_files("#files", [tmp_path / "film.png", tmp_path / "holiday.png"])
    page.wait_for_selector("#batch .pill.pneumonia")
    page.wait_for_selector("#batch .pill.not_assessed")
    assert "in colour" in page.inner_text("#batch")

    page.goto(f"{address}/")
    page.wait_for_selector("#rows td.name a")
    assert {"film.png", "holiday.png"} <= set(page.locator("#rows td.name a").all_inner_texts())
    page.keyboard.press("ArrowDown")
    page.click("text=film.png")

    with_heat = drawn(page)
    assert coloured(with_heat) > 0.02
    page.keyboard.press("h")
    assert page.get_attribute("#heat", "aria-pressed") == "false"
    without = drawn(page)
    assert coloured(without) < 0.001
    page.keyboard.press("i")
    assert drawn(page) != without
    page.keyboard.press("i")
    box = page.locator("#film").bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 250, steps=4)
    page.mouse.up()
    assert "window 255" not in page.inner_text("#window")
    page.mouse.wheel(0, -300)
    page.keyboard.press("r")
    page.keyboard.press("0")
    page.wait_for_timeout(300)
    assert page.inner_text("#window") == "window 255, level 128"

    page.keyboard.press("d")
    page.check("input[name=seen][value=normal]", force=True)
    page.fill("textarea", "drawn by a machine")
    page.click(".verdict button")
    page.wait_for_selector(".said >> text=drawn by a machine")
    identity = page.url.rpartition("/")[2].partition("#")[0]
    kept = station.films.get(identity)
    assert kept
    assert kept.result
    page.goto(f"{address}/")
    assert page.inner_text(f"#film-{identity} .said") == "disagrees"


def test_the_worklist_is_live_and_a_name_never_stands_in_an_address(
    watched: Watched, address: str, station: Station
) -> None:
    from pneumoscope.serving.store.films import Origin

    page = watched.page
    page.goto(f"{address}/")
    buffer = io.BytesIO()
    Image.new("L", (64, 64), 201).save(buffer, "PNG")
    station.intake.accept(buffer.getvalue(), Origin.REST, name="arrives-later.png")
    page.wait_for_selector("text=arrives-later.png")
    page.keyboard.press("/")
    page.keyboard.type("arrives-later")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=1 film as asked for")
    assert page.url == f"{address}/"
    page.wait_for_timeout(4000)
    assert page.locator("#rows tbody tr").count() == 1


def test_a_target_is_tested_by_its_button(watched: Watched, address: str) -> None:
    page = watched.page
    page.goto(f"{address}/targets")
    page.click("text=archive")
    page.click("#test")
    page.wait_for_selector("text=A file could be written to the folder.")


@pytest.mark.parametrize("place", ["/", "/upload", "/connect", "/targets", "/site", "/status", "/people", "/api"])
def test_pages_fit_a_phone(browser: "playwright.Browser", address: str, place: str) -> None:
    narrow = Watched(browser, width=390)
    narrow.page.goto(f"{address}{place}")
    wide = narrow.page.evaluate("document.documentElement.scrollWidth")
    narrow.page.close()
    assert wide <= 390
    assert narrow.faults == []
