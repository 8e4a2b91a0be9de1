"""A self-contained HTML page: the most suspicious films beside their heatmaps, the decisions, and the limits."""

import time
from bisect import insort
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pneumoscope.bundle.card import BundleCard
from pneumoscope.decision.labels import Finding
from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.escaping import printable
from pneumoscope.files import take_place, working_path, write_text
from pneumoscope.imaging import Reason
from pneumoscope.pages import data_uri, environment
from pneumoscope.screening.heatmap import ramp
from pneumoscope.screening.output.heatmap_picture import LEGEND, hidden
from pneumoscope.screening.output.meaning import meaning
from pneumoscope.screening.output.summary import Tally, probability_text
from pneumoscope.screening.result import ScreeningResult

LIMIT = 500
"""Most films that a page shows: about 15 MB, which every browser opens at once."""

SIDE = 384
"""Longer side of a picture on a page, in pixels."""

_ORDER = (Finding.PNEUMONIA, Finding.UNCERTAIN, None, Finding.NORMAL)
"""Findings first; None was not assessed, so nobody knows."""

_SHARE = 1 / 50
"""Of the time, at most this much goes into saving a page that is not finished."""


class Page:
    """Shows results in one HTML file, the most suspicious first.

    The file is saved again and again while results come, whole each time. Until all are there it says that it is
    unfinished. A page that is there already is replaced when this one is finished, and not before.
    """

    def __init__(
        self,
        path: Path,
        card: BundleCard,
        notice: str | None = None,
        notes: dict[str, str] | None = None,
        total: int | None = None,
    ) -> None:
        """Create the file.

        Args:
            path: the HTML file.
            card: the bundle's card; its limits and intended use end the page.
            notice: a sentence to show above all films.
            notes: by source, a remark on a film.
            total: how many results will come; None where nobody knows.
        """
        pages = environment("pneumoscope.screening.output")
        pages.filters |= {"probability": probability_text, "threshold": threshold_text, "percent": "{:.1%}".format}
        self._template = pages.get_template("page.html.j2")
        colours = [f"rgb({r} {g} {b})" for r, g, b in ramp(np.linspace(0, 1, 9))]
        self._fixed = {"card": card, "notice": notice, "colours": colours, "legend": LEGEND, "total": total}
        self._notes = notes or {}
        self._tally = Tally()
        self._reasons: Counter[Reason] = Counter()
        self._shown: list[tuple[tuple[int, float, int], dict[str, Any]]] = []
        self._path, self._working = path, working_path(path)
        self._save("running")
        self._due = 0.0  # the first film is saved at once

    def add(self, result: ScreeningResult) -> None:
        """Take one film."""
        self._tally.add(result)
        if result.reason:
            self._reasons[result.reason] += 1
        place = (_ORDER.index(result.finding), -(result.probability or 0.0), self._tally.counts.total)
        if len(self._shown) < LIMIT or place < self._shown[-1][0]:
            insort(self._shown, (place, self._film(result)), key=lambda film: film[0])
            del self._shown[LIMIT:]
        if time.monotonic() >= self._due:
            begun = time.monotonic()
            self._save("running")
            self._due = time.monotonic() + (time.monotonic() - begun) / _SHARE

    def close(self, finished: bool = True) -> Path:
        """Save the page for good; see ``writers.ResultWriter``."""
        self._save("finished" if finished else "interrupted")
        if finished:
            take_place(self._working, self._path)
            return self._path
        return self._working

    def _film(self, result: ScreeningResult) -> dict[str, Any]:
        images = {}
        if result.preview is not None:
            images["preview"] = _small(Image.fromarray(result.preview))
            if not hidden(result):
                images["heat"] = _small(result.heatmap_image())
        return {
            "result": result.to_dict() | {"remarks": result.remarks},
            "site": result.site,
            "at_site": result.probability_at_site,
            "means": meaning(result),
            "path": printable(result.source or "image from memory"),
            "images": images,
            "hidden": hidden(result),
            "note": self._notes.get(result.source or ""),
            "number": self._tally.counts.total,
        }

    def _save(self, state: str) -> None:
        films = [film for _, film in self._shown]
        for rank, film in enumerate(sorted(films, key=lambda film: str(film["path"]))):
            film["by_name"] = rank
        html = self._template.render(
            self._fixed,
            films=films,
            done=self._tally.counts.total,
            sentence=self._tally.sentence(),
            reasons=self._reasons.most_common(),
            state=state,
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
        write_text(self._working, html)


def _small(image: Image.Image) -> str:
    image.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    return data_uri(image)
