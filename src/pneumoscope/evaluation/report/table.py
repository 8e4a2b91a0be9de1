"""What a model said of every film, as a table for a spreadsheet or a program."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.escaping import csv_cell
from pneumoscope.evaluation.evaluation import Evaluation

FILM = ("path", "label", "subtype", "patient", "split", "score", "probability", "viral_probability")
"""The first columns; then one for each operating point, those of END, and ``listed_NAME`` for a manifest's own."""

END = ("reason", "evaluation")


def predictions_text(evaluations: Sequence[Evaluation]) -> str:
    """The table as CSV, one row a film; what is not known is empty.

    ``finding_NAME`` is the finding at an operating point, and ``reason`` says why a film was not assessed.
    ``evaluation`` is the title of the evaluation that the film belongs to. Paths are absolute, so that the table is a
    manifest too.
    """
    rows = [row for evaluation in evaluations for row in _rows(evaluation)]
    points = dict.fromkeys(_finding(point.name) for evaluation in evaluations for point in evaluation.points)
    columns = dict.fromkeys((*FILM, *points, *END, *(name for row in rows for name in row)))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(map(csv_cell, columns))
    writer.writerows([csv_cell(row.get(name, "")) for name in columns] for row in rows)
    return text.getvalue()


def _rows(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    judged, rule = evaluation.predictions, evaluation.rule
    columns = (judged.radiographs, pneumonia_score(judged.logits), evaluation.probability)
    viral = rule.viral_probability(judged.logits)
    for labelled, score, probability, viral_probability in zip(*columns, viral, strict=True):
        yield {
            **_film(labelled, evaluation),
            "score": float(score),
            "probability": float(probability),
            "viral_probability": float(viral_probability),
            **{_finding(point.name): str(rule.finding(float(probability), point)) for point in evaluation.points},
        }
    for refused in judged.not_assessed:
        yield _film(refused.labelled, evaluation) | {"reason": str(refused.refusal.reason)}


def _film(labelled: LabelledRadiograph, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "path": str(labelled.path.absolute()),
        "label": str(labelled.label),
        "subtype": str(labelled.subtype or ""),
        "patient": labelled.patient,
        "split": labelled.split,
        "evaluation": evaluation.title,
        **{f"listed_{name}": value for name, value in labelled.listed.items()},
    }


def _finding(point: str) -> str:
    return f"finding_{point}"
