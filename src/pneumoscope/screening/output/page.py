"""A self-contained HTML page: each film beside its heatmap, the decision, and the limits."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pneumoscope.bundle.card import BundleCard
from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.escaping import printable
from pneumoscope.pages import data_uri, environment
from pneumoscope.screening.heatmap import ramp
from pneumoscope.screening.output.heatmap_picture import LEGEND, hidden
from pneumoscope.screening.output.summary import Tally, probability_text
from pneumoscope.screening.result import ScreeningResult


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
            notes: by source, a remark on a film.
        """
        pages = environment("pneumoscope.screening.output")
        pages.filters |= {"probability": probability_text, "threshold": threshold_text}
        self._template: Any = pages.get_template("page.html.j2").module
        self._card = card
        self._notes = notes or {}
        self._tally = Tally()
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace")
        colours = [f"rgb({r} {g} {b})" for r, g, b in ramp(np.linspace(0, 1, 9))]
        self._write("head", card=card, notice=notice, colours=colours, legend=LEGEND)

    def add(self, result: ScreeningResult) -> None:
        """Write one film."""
        self._tally.add(result)
        images = {}
        if result.preview is not None:
            images["preview"] = data_uri(Image.fromarray(result.preview))
            if not hidden(result):
                images["heat"] = data_uri(result.heatmap_image())
        path = printable(result.source or "image from memory")
        note = self._notes.get(result.source or "")
        says = {"result": result, "path": path, "note": note, "hidden": hidden(result)}
        self._write("film", images=images, number=self._tally.counts.total, **says)

    def close(self) -> None:
        """Write the sum and the limits, and close the file."""
        made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        self._write("foot", card=self._card, sentence=self._tally.sentence(), made=made)
        self._file.close()

    def _write(self, part: str, **values: Any) -> None:
        self._file.write(getattr(self._template, part)(**values))
        self._file.flush()
