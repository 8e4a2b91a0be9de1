"""One evaluation: a frozen decision rule, judged on labelled radiographs."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.labels import CLASSES
from pneumoscope.decision.operating_point import BASELINE, BASELINE_THRESHOLD, OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import viral_share
from pneumoscope.evaluation import metrics
from pneumoscope.evaluation.answers import ThreeAnswers, three_answers
from pneumoscope.evaluation.bootstrap import Estimate, Proportion, Resampling, Statistic, Unit, estimates
from pneumoscope.evaluation.predictions import Predictions
from pneumoscope.evaluation.viral import ViralAnswer, viral_answer, viral_metrics

SCHEMA = 2

Matrix = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class PointResult(OperatingPoint):
    """An operating point, and what it achieves.

    Attributes:
        confusion: ((true negatives, false positives), (false negatives, true positives)), in radiographs.
        metrics: accuracy, recall, specificity, precision, balanced_accuracy, recall_bacterial, recall_viral.
    """

    confusion: Matrix
    metrics: dict[str, Estimate]


@dataclass(frozen=True)
class ThreeClass:
    """Radiographs by label (rows) and most likely class (columns); those of unknown subtype are left out.

    Attributes:
        classes: the order of rows and columns.
        confusion: the counts.
    """

    classes: tuple[str, ...]
    confusion: Matrix


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of :func:`evaluate`.

    Attributes:
        title: what was evaluated, such as "Validation (held-out number blocks)".
        reference: whether the radiographs are the official test, so that the baseline's numbers are comparable.
        rule: the decision rule that was judged.
        ranking: metrics without a threshold: auc, auprc, brier, calibration_error, auc_bacterial and auc_viral (against
            the normal radiographs), auc_viral_share (viral against bacterial), three_class_accuracy.
        points: the results at the rule's operating points; on the official test also at BASELINE_THRESHOLD.
        viral: what the viral probability says, at VIRAL_THRESHOLD.
        three_class: the most likely of the three classes.
        resampling: how the intervals were drawn.
        predictions: the radiographs and logits it rests on.
        answers: what the three answers are worth; None of a rule with two.
    """

    title: str
    reference: bool
    rule: DecisionRule
    ranking: dict[str, Estimate]
    points: tuple[PointResult, ...]
    viral: ViralAnswer
    three_class: ThreeClass
    resampling: Resampling
    predictions: Predictions
    answers: ThreeAnswers | None = None

    @property
    def probability(self) -> NDArray[np.float64]:
        """Calibrated probability of pneumonia of each radiograph, shape (N,), 0..1."""
        return self.rule.probability(self.predictions.logits)

    @property
    def main(self) -> PointResult:
        """The result at the default operating point."""
        return self.at(self.rule.default_operating_point)

    @property
    def baseline(self) -> PointResult | None:
        """The result at BASELINE_THRESHOLD on the official test; None elsewhere."""
        found = (result for result in self.points if result.threshold == BASELINE_THRESHOLD)
        return next(found, None) if self.reference else None

    def at(self, name: str) -> PointResult:
        """The result at an operating point, by its name."""
        return next(result for result in self.points if result.name == name)

    def counts(self) -> dict[str, int]:
        """Number of radiographs ("films"), patients, radiographs by class, and radiographs not assessed."""
        classes = self.predictions.classes
        return {
            "films": len(classes),
            "patients": int(self.predictions.patients.max()) + 1,
            **{name: int((classes == index).sum()) for index, name in enumerate(CLASSES)},
            "unknown_subtype": int((classes < 0).sum()),
            "not_assessed": len(self.predictions.not_assessed),
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values; what lies on single radiographs is all below "predictions"."""
        # The standard library writes file names that are no UTF-8 too, which msgspec refuses.
        values: dict[str, Any] = json.loads(json.dumps(msgspec.to_builtins(self, enc_hook=_encoded)))
        for labelled in _labelled(values["predictions"]):
            del labelled["listed"]  # a site's own columns are no part of an evaluation
        values["predictions"]["probability"] = self.probability.tolist()
        return {"schema": SCHEMA, "counts": self.counts(), **values}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Evaluation":
        """Read what :meth:`to_dict` gave.

        Raises:
            msgspec.ValidationError: the values are no evaluation.
        """
        return msgspec.convert(values, cls, dec_hook=_decoded)


def evaluate(
    predictions: Predictions,
    rule: DecisionRule,
    title: str,
    reference: bool = False,
    resampling: Resampling | None = None,
) -> Evaluation:
    """Judge a frozen rule on labelled radiographs.

    Args:
        predictions: the radiographs and the model's logits.
        rule: calibration and operating points, chosen on other radiographs.
        title: what is evaluated, for the reader of the report.
        reference: True only where the radiographs are the official test split.
        resampling: how the intervals are drawn; see :func:`resampling_for` for the default.

    Returns:
        Every metric with its interval; a metric that the radiographs do not define (an AUC on one class) has the value
        None.
    """
    resampling = resampling or resampling_for(predictions)
    points = _with_baseline(rule.operating_points) if reference else rule.operating_points
    called = {point.name: rule.probability(predictions.logits) >= point.threshold for point in points}
    viral_probability = rule.viral_probability(predictions.logits)
    groups: dict[str, dict[str, Statistic]] = {
        "ranking": _ranking(predictions, rule),
        "viral": viral_metrics(predictions, viral_probability),
        **{f"at {point.name}": _decisions(predictions, called[point.name]) for point in points},
    }
    statistics = {(group, name): value for group, members in groups.items() for name, value in members.items()}
    measured = estimates(statistics, predictions.patients, resampling, predictions.series)
    by_group = {group: {name: measured[group, name] for name in members} for group, members in groups.items()}

    truth = predictions.positive.astype(np.int64)
    known = predictions.classes >= 0
    said = predictions.logits.argmax(axis=1)
    return Evaluation(
        title=title,
        reference=reference,
        rule=rule,
        ranking=by_group["ranking"],
        points=tuple(
            PointResult(
                **{field.name: getattr(point, field.name) for field in fields(OperatingPoint)},
                confusion=_matrix(metrics.confusion(truth, called[point.name].astype(np.int64), 2)),
                metrics=by_group[f"at {point.name}"],
            )
            for point in points
        ),
        viral=viral_answer(predictions, viral_probability, called[rule.default_operating_point], by_group["viral"]),
        three_class=ThreeClass(
            CLASSES, _matrix(metrics.confusion(predictions.classes[known], said[known], len(CLASSES)))
        ),
        resampling=resampling,
        predictions=predictions,
        answers=three_answers(rule, rule.probability(predictions.logits), predictions.positive),
    )


def resampling_for(predictions: Predictions) -> Resampling:
    """2,000 resamples of acquisition blocks where the order of acquisition is known, else of patients.

    A series shorter than two blocks has next to nothing to draw from, so one such series makes it patients too.
    """
    blocks = Resampling(unit=Unit.BLOCK)
    long = predictions.series and min(map(len, predictions.series)) >= 2 * blocks.block
    return blocks if long else Resampling(unit=Unit.PATIENT)


def _with_baseline(points: tuple[OperatingPoint, ...]) -> tuple[OperatingPoint, ...]:
    if any(point.threshold == BASELINE_THRESHOLD for point in points):
        return points
    return (*points, OperatingPoint(BASELINE, BASELINE_THRESHOLD, "the threshold of the two-phase baseline"))


def _ranking(predictions: Predictions, rule: DecisionRule) -> dict[str, Statistic]:
    """The metrics that need no threshold. Ranks use the log odds: probabilities near 1 round to ties."""
    positive, classes = predictions.positive, predictions.classes
    log_odds, probability = rule.log_odds(predictions.logits), rule.probability(predictions.logits)
    normal, bacterial, viral = (classes == index for index in range(len(CLASSES)))
    known = (classes >= 0) & (bacterial | viral).any()
    share = np.asarray(viral_share(predictions.logits), dtype=np.float64)
    return {
        "auc": metrics.auc(log_odds, positive, ~positive),
        "auprc": metrics.average_precision(log_odds, positive),
        "brier": metrics.brier(probability, positive),
        "calibration_error": metrics.calibration_error(probability, positive),
        "auc_bacterial": metrics.auc(log_odds, bacterial, normal),
        "auc_viral": metrics.auc(log_odds, viral, normal),
        "auc_viral_share": metrics.auc(share, viral, bacterial),
        "three_class_accuracy": Proportion(predictions.logits.argmax(axis=1) == classes, known),
    }


def _decisions(predictions: Predictions, called: NDArray[np.bool_]) -> dict[str, Statistic]:
    """The metrics of one operating point."""
    return {
        **metrics.decisions(predictions.positive, called),
        "recall_bacterial": Proportion(called, predictions.classes == CLASSES.index("bacterial")),
        "recall_viral": Proportion(called, predictions.classes == CLASSES.index("viral")),
    }


def _labelled(predictions: dict[str, Any]) -> list[dict[str, Any]]:
    return [*predictions["radiographs"], *(refused["labelled"] for refused in predictions["not_assessed"])]


def _matrix(rows: NDArray[np.int64]) -> Matrix:
    return tuple(tuple(row) for row in rows.tolist())


def _encoded(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return value.as_posix()
    raise NotImplementedError(type(value))


def _decoded(kind: Any, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    return np.array(value, dtype=np.float32).reshape(-1, len(CLASSES))
