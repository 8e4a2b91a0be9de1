"""The report: one self-contained page, its JSON twin, a model card, and the figures as files."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pneumoscope._version import __version__
from pneumoscope.bundle.card import BundleCard
from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.escaping import well_formed
from pneumoscope.evaluation.evaluation import Evaluation
from pneumoscope.evaluation.report import baseline, wording
from pneumoscope.evaluation.report.gallery import worst
from pneumoscope.evaluation.report.table import predictions_text
from pneumoscope.extras import needed
from pneumoscope.files import make_folder, write_bytes, write_text
from pneumoscope.pages import data_uri, environment

SCHEMA = 2

PREDICTIONS = "predictions.csv"

LIMITS = (
    "It answers one question, pneumonia or not. Other diseases are not looked for and may be called either.",
    "The numbers hold for films like those evaluated: the same ages, places and equipment. Check it on your own films "
    "before use, and again after any change of equipment.",
    "Labels are those that came with the films. A wrong label counts as an error here, or hides one.",
)
"""Said of any model that brings no limits of its own."""


@dataclass(frozen=True)
class Subject:
    """The model that was evaluated.

    Attributes:
        card: its bundle card.
        sha256: of its bundle file; None where it is not exported yet.
    """

    card: BundleCard
    sha256: str | None = None


def write(
    evaluations: Sequence[Evaluation],
    folder: Path,
    subject: Subject | None = None,
    history: Sequence[Mapping[str, Any]] | None = None,
) -> Path:
    """Write report.html, report.json, predictions.csv, model-card.md and figures/*.png.

    The page embeds previews of the worst errors, so it stays with the films' owner; so does predictions.csv, one row a
    film. The other files hold no picture of a film.

    Args:
        evaluations: at least one, each with a title of its own; validation first.
        folder: where to write; made if missing, files of the same names are replaced.
        subject: the model, where it is known.
        history: one row an epoch (see :func:`curves.history`), where the training is known.

    Returns:
        The path of the page.

    Raises:
        MissingExtraError: matplotlib or scikit-learn is not installed.
        ValueError: two evaluations have the same title.
    """
    slugs = [_slug(evaluation.title) for evaluation in evaluations]
    if len(set(slugs)) < len(slugs):
        raise ValueError(f"evaluations need titles of their own, not {', '.join(slugs)}")
    figures = _Figures(folder / "figures")
    sections = [
        {"evaluation": evaluation, "slug": slug, "figures": figures.of(evaluation, slug), "worst": worst(evaluation)}
        for evaluation, slug in zip(evaluations, slugs, strict=True)
    ]
    context = {
        "sections": sections,
        "training": figures.of_history(history) if history else None,
        "subject": subject,
        "resamplings": list(dict.fromkeys(wording.resampling_text(one.resampling) for one in evaluations)),
        "calibrated": _calibrated(evaluations),
        "limits": subject.card.limits if subject else LIMITS,
        "predictions": PREDICTIONS,
        "written": datetime.now(UTC).strftime("%Y-%m-%d"),
        "version": __version__,
    }
    write_text(folder / PREDICTIONS, predictions_text(evaluations))
    write_text(folder / "report.json", _json(evaluations, subject, history))
    write_text(folder / "model-card.md", _render("model_card.md.j2", context))
    page = folder / "report.html"
    write_text(page, _render("report.html.j2", context))
    return page


def read(path: Path) -> list[Evaluation]:
    """Read the evaluations back from a report.json.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no report of this version (msgspec.ValidationError is one).
        KeyError: it holds no evaluations.
    """
    return [Evaluation.from_dict(row) for row in json.loads(path.read_text(encoding="utf-8"))["evaluations"]]


class _Figures:
    """Draws, numbers and saves figures."""

    def __init__(self, folder: Path) -> None:
        with needed("A report with figures", "evaluate"):
            from pneumoscope.evaluation.report import figures, style
        self._draw, self._png, self._folder, self._count = figures, style.png, folder, 0
        make_folder(folder)

    def of(self, evaluation: Evaluation, slug: str) -> list[dict[str, Any]]:
        return [self._saved(drawing, f"{drawing.name}-{slug}") for drawing in self._draw.draw(evaluation)]

    def of_history(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        drawing = self._draw.draw_history(rows)
        return self._saved(drawing, drawing.name)

    def _saved(self, drawing: Any, name: str) -> dict[str, Any]:
        content = self._png(drawing.figure)
        write_bytes(self._folder / f"{name}.png", content)
        self._count += 1
        return {
            "number": self._count,
            "id": name,
            "title": drawing.title,
            "caption": drawing.caption,
            "width": round(drawing.figure.get_figwidth() * 100),
            "source": data_uri(content),
        }


def _json(
    evaluations: Sequence[Evaluation], subject: Subject | None, history: Sequence[Mapping[str, Any]] | None
) -> str:
    content = {
        "schema": SCHEMA,
        "model": subject.card.to_dict() if subject else None,
        "bundle_sha256": subject.sha256 if subject else None,
        "evaluations": [evaluation.to_dict() for evaluation in evaluations],
        "predictions": PREDICTIONS,
        "history": [{key: _defined(value) for key, value in row.items()} for row in history or ()],
    }
    return json.dumps(well_formed(content), indent=1, allow_nan=False) + "\n"


def _calibrated(evaluations: Sequence[Evaluation]) -> str:
    """Said of the probability on the model card: how far it is off on the official test, where that was evaluated."""
    for evaluation in evaluations:
        if evaluation.reference:
            error = wording.both_text("calibration_error", evaluation.ranking["calibration_error"])
            return f" (calibration error on the official test: {error})"
    return ""


def _defined(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _render(name: str, context: Mapping[str, Any]) -> str:
    return (
        environment("pneumoscope.evaluation.report")
        .get_template(name)
        .render({**context, "wording": wording, "baseline": baseline, "threshold_text": threshold_text})
    )


def _slug(title: str) -> str:
    """What files and anchors call an evaluation: its title in plain letters, without an explanation in brackets."""
    return re.sub(r"[^a-z0-9]+", "-", title.partition("(")[0].lower()).strip("-") or "films"
