"""Make the pictures of docs/station.md: a real station with synthetic films, seen by a real browser.

    python scripts/make_station_pictures.py

Needs the extras ``serve`` and ``dev``, and Chromium at /usr/bin/chromium. No picture shows a patient.
"""

import io
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from browsers import ARGUMENTS, CHROMIUM  # noqa: E402
from stations import encode, make_film  # noqa: E402

from pneumoscope.serving.dicom.node import Caller, DicomSettings  # noqa: E402
from pneumoscope.serving.settings import Retention, Settings, TargetSettings, WebSettings  # noqa: E402
from pneumoscope.serving.station import Station  # noqa: E402
from pneumoscope.serving.store.films import Origin  # noqa: E402
from pneumoscope.serving.web.app import build_app  # noqa: E402
from pneumoscope.serving.web.server import listen, make_server  # noqa: E402

FIGURES = ROOT / "docs" / "figures"
SAMPLES = ROOT / "src" / "pneumoscope" / "samples"
LARGEST = 250_000
"""Most bytes of a picture."""


@contextmanager
def served(folder: Path) -> Iterator[tuple[Station, str]]:
    """A running station, and the address of its pages."""
    settings = Settings(
        state=folder / "state",
        web=WebSettings(port=0),
        dicom=DicomSettings(port=0, callers=(Caller("XRAY_ROOM_1"), Caller("PACS"))),
        retention=Retention(),
        targets=(TargetSettings("Results for the archive", "folder", ("sr", "sc"), {"path": str(folder / "out")}),),
    )
    with Station(settings) as station, listen(settings.web) as door:
        server = make_server(build_app(station), settings.web)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield station, f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def fill(station: Station) -> dict[str, str]:
    """Films of all kinds; their ids by what they are."""
    films = {}
    for number, sample in enumerate(sorted(SAMPLES.glob("*.png"))):
        film = make_film(number, sample.name, ViewPosition="AP")
        films[sample.stem] = station.intake.accept(encode(film), Origin.DICOM, caller="XRAY_ROOM_1")[0].id
    image = Image.open(SAMPLES / "synthetic-normal-1.png").convert("L")
    for name, turned in (("turned.png", image.rotate(180)), ("colours.png", _coloured(image))):
        buffer = io.BytesIO()
        turned.save(buffer, "PNG")
        films[name] = station.intake.accept(buffer.getvalue(), Origin.PAGE, name=name)[0].id
    station.log.note_call("XRAY_ROOM_1", "192.0.2.21", True, "C-STORE")
    station.log.note_call("OLD_CT", "192.0.2.40", False, "association")
    until_judged(station)
    return films


def until_judged(station: Station) -> None:
    """Wait for the workers."""
    while station.films.counts()["waiting"] + station.films.counts()["working"]:
        time.sleep(0.1)


def _coloured(image: Image.Image) -> Image.Image:
    return Image.merge("RGB", (image, image.rotate(90), image.rotate(45)))


def shoot(page: Page, name: str, whole: bool = False) -> None:
    """Keep what the browser shows."""
    page.wait_for_load_state("networkidle")
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(400)
    content = Image.open(io.BytesIO(page.screenshot(full_page=whole)))
    path = FIGURES / f"station-{name}.png"
    for colours in (None, 256, 128, 64):
        shown = content.convert("RGB") if colours is None else content.convert("RGB").quantize(colours)
        shown.save(path, optimize=True)
        if path.stat().st_size < LARGEST:
            break
    sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} kB\n")


def main() -> None:
    """Make all pictures."""
    with TemporaryDirectory() as folder, served(Path(folder)) as (station, address), sync_playwright() as played:
        films = fill(station)
        browser = played.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        desktop(browser, address, films, station)
        dark(browser, address, films)
        phone(browser, address, films)
        browser.close()


def desktop(browser: Browser, address: str, films: dict[str, str], station: Station) -> None:
    """Pages on a desk, light."""
    page = _page(browser, width=1200, height=860)
    page.goto(f"{address}/films/{films['synthetic-bacterial-2']}")
    page.check("input[value=agree]", force=True)
    page.check("input[name=seen][value=pneumonia]", force=True)
    page.fill("textarea", "Right lower lobe.")
    page.click(".verdict button")
    shoot(page, "film")
    page.goto(f"{address}/films/{films['turned.png']}")
    shoot(page, "refused")
    page.goto(f"{address}/?order=urgent")
    shoot(page, "worklist")
    page.goto(f"{address}/upload")
    page.set_input_files("#files", [str(path) for path in sorted(SAMPLES.glob("synthetic-viral-*.png"))])
    page.wait_for_selector("#batch a[download]")
    until_judged(station)
    page.wait_for_timeout(2500)
    shoot(page, "upload")
    page.goto(f"{address}/connect")
    shoot(page, "connect")
    target = station.outbox.targets()[0]
    page.goto(f"{address}/targets/{target.id}")
    page.click("#test")
    shoot(page, "target")
    for name in ("targets", "site", "status", "people", "api"):
        page.goto(f"{address}/{name}")
        shoot(page, name)


def dark(browser: Browser, address: str, films: dict[str, str]) -> None:
    """The reading room."""
    page = _page(browser, width=1200, height=860, dark=True)
    page.goto(f"{address}/films/{films['synthetic-viral-1']}")
    shoot(page, "film-dark")
    page.goto(f"{address}/")
    shoot(page, "worklist-dark")


def phone(browser: Browser, address: str, films: dict[str, str]) -> None:
    """Pages on a phone."""
    page = _page(browser, width=390, height=844)
    page.goto(f"{address}/")
    shoot(page, "worklist-phone")
    page.goto(f"{address}/films/{films['synthetic-bacterial-2']}")
    shoot(page, "film-phone", whole=True)
    page.goto(f"{address}/upload")
    shoot(page, "upload-phone")


def _page(browser: Browser, width: int, height: int, dark: bool = False) -> Page:
    scheme: Any = "dark" if dark else "light"
    return browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)


if __name__ == "__main__":
    main()
