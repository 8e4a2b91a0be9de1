"""A self-contained HTML page: each film beside its heatmap, the decision, and the limits."""

import base64
import io
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader
from PIL import Image

from pneumoscope.bundle.card import BundleCard
from pneumoscope.screening.heatmap import LEGEND, hidden, overlay, ramp
from pneumoscope.screening.output.writers import Tally, percent, printable
from pneumoscope.screening.result import Screening


class Page:
    """Streams results into one HTML file; what is written shows in a browser even when the run is cut short."""

    def __init__(
        self, path: Path, card: BundleCard, notice: str | None = None, notes: dict[str, str] | None = None
    ) -> None:
        """Create the file and write its head.

        Args:
            path: the HTML file.
            card: the bundle's card; its limits and intended use end the page.
            notice: a sentence to show above all films.
            notes: by path, a remark on a film.
        """
        self._card = card
        self._notes = notes or {}
        self._tally = Tally()
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace")
        colours = [f"rgb({r} {g} {b})" for r, g, b in ramp(np.linspace(0, 1, 9))]
        self._write("head", card=card, notice=notice, colours=colours, legend=LEGEND)

    def add(self, screening: Screening) -> None:
        """Write one film."""
        self._tally.add(screening)
        images = {}
        if screening.film is not None:
            images["film"] = _data_url(Image.fromarray(screening.film))
            if not hidden(screening):
                images["heat"] = _data_url(overlay(screening))
        path = printable(screening.path or "image from memory")
        note = self._notes.get(screening.path or "")
        says = {"result": screening, "path": path, "note": note, "hidden": hidden(screening)}
        self._write("film", images=images, number=self._tally.total, **says)

    def close(self) -> None:
        """Write the sum and the limits, and close the file."""
        made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        self._write("foot", card=self._card, sentence=self._tally.sentence(), made=made)
        self._file.close()

    def _write(self, part: str, **values: Any) -> None:
        self._file.write(getattr(_template(), part)(**values))
        self._file.flush()


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("pneumoscope.screening"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = percent
    return environment.get_template("page.html.j2").module


def _data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
