"""One evaluation: a frozen decision rule, judged on labelled films."""

from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.labels import CLASSES
from pneumoscope.decision.operating_point import BASELINE, BASELINE_THRESHOLD, OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import viral_share
from pneumoscope.evaluation import metrics
from pneumoscope.evaluation.bootstrap import Estimate, Proportion, Resampling, Statistic, estimates
from pneumoscope.evaluation.predictions import Predictions

SCHEMA = 1


@dataclass(frozen=True)
class PointResult:
    """What one operating point achieves.

    Attributes:
        point: the operating point.
        confusion: ((true negatives, false positives), (false negatives, true positives)), in films.
        metrics: accuracy, recall, specificity, precision, balanced_accuracy, recall_bacterial, recall_viral.
    """

    point: OperatingPoint
    confusion: tuple[tuple[int, ...], ...]
    metrics: dict[str, Estimate]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of :func:`evaluate`.

    Attributes:
        title: what was evaluated, such as "Validation (held-out number blocks)".
        predictions: the films and logits it rests on.
        rule: the decision rule that was judged.
        points: the results at the rule's operating points and at the threshold BASELINE_THRESHOLD, in that order.
        ranking: metrics without a threshold: auc, auprc, brier, calibration_error, auc_bacterial and auc_viral (against
            the normal films), auc_viral_share (viral against bacterial), three_class_accuracy.
        three_class: films by label (rows) and most likely class (columns), both in the order of CLASSES; films of
            unknown subtype are left out.
        resampling: how the intervals were drawn.
        reference: whether the films are the official test, so that the baseline's numbers are comparable.
    """

    title: str
    predictions: Predictions
    rule: DecisionRule
    points: tuple[PointResult, ...]
    ranking: dict[str, Estimate]
    three_class: tuple[tuple[int, ...], ...]
    resampling: Resampling
    reference: bool = False

    @property
    def probability(self) -> NDArray[np.float64]:
        """Calibrated probability of pneumonia of each film, shape (N,)."""
        return self.rule.probability(self.predictions.logits)

    @property
    def main(self) -> PointResult:
        """The result at the default operating point."""
        return self.at(self.rule.default_operating_point)

    @property
    def baseline(self) -> PointResult:
        """The result at the threshold BASELINE_THRESHOLD."""
        return next(result for result in self.points if result.point.threshold == BASELINE_THRESHOLD)

    def at(self, name: str) -> PointResult:
        """The result at an operating point, by its name."""
        return next(result for result in self.points if result.point.name == name)

    def counts(self) -> dict[str, int]:
        """Number of films, patients, films by class, and films not assessed."""
        classes = self.predictions.classes
        return {
            "films": len(classes),
            "patients": int(self.predictions.patients.max()) + 1,
            **{name: int((classes == index).sum()) for index, name in enumerate(CLASSES)},
            "unknown_subtype": int((classes < 0).sum()),
            "not_assessed": len(self.predictions.not_assessed),
        }

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values: the numbers first, then each film with its logits and probability."""
        predictions = self.predictions.to_json()
        for row, probability in zip(predictions["films"], self.probability, strict=True):
            row["probability"] = float(probability)
        return {
            "schema": SCHEMA,
            "title": self.title,
            "reference": self.reference,
            "counts": self.counts(),
            "rule": msgspec.to_builtins(self.rule),
            "ranking": _to_json(self.ranking),
            "points": [
                {**asdict(result.point), "confusion": _lists(result.confusion), "metrics": _to_json(result.metrics)}
                for result in self.points
            ],
            "three_class": {"classes": list(CLASSES), "confusion": _lists(self.three_class)},
            "resampling": asdict(self.resampling),
            "predictions": predictions,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Evaluation":
        """The twin of :meth:`to_json`."""
        return cls(
            title=values["title"],
            predictions=Predictions.from_json(values["predictions"]),
            rule=msgspec.convert(values["rule"], DecisionRule),
            points=tuple(_point_from_json(row) for row in values["points"]),
            ranking=_estimates_from_json(values["ranking"]),
            three_class=_matrix(values["three_class"]["confusion"]),
            resampling=Resampling(**values["resampling"]),
            reference=values["reference"],
        )


def evaluate(
    predictions: Predictions,
    rule: DecisionRule,
    title: str,
    reference: bool = False,
    resampling: Resampling | None = None,
) -> Evaluation:
    """Judge a frozen rule on labelled films.

    Args:
        predictions: the films and the model's logits.
        rule: calibration and operating points, chosen on other films.
        title: what is evaluated, for the reader of the report.
        reference: True only where the films are the official test split.
        resampling: how the intervals are drawn; 2,000 resamples of the patients by default.

    Returns:
        Every metric with its interval; a metric that the films do not define (an AUC on one class) has the value None.
    """
    resampling = resampling or Resampling()
    points = _with_baseline(rule.operating_points)
    called = {point.name: rule.probability(predictions.logits) >= point.threshold for point in points}
    statistics = {("", name): statistic for name, statistic in _ranking(predictions, rule).items()}
    for point in points:
        found = _decisions(predictions, called[point.name])
        statistics |= {(point.name, name): statistic for name, statistic in found.items()}
    measured = estimates(statistics, predictions.patients, resampling)

    def of(group: str) -> dict[str, Estimate]:
        return {name: estimate for (owner, name), estimate in measured.items() if owner == group}

    truth = predictions.positive.astype(np.int64)
    known = predictions.classes >= 0
    said = predictions.logits.argmax(axis=1)
    return Evaluation(
        title=title,
        predictions=predictions,
        rule=rule,
        points=tuple(
            PointResult(p, _matrix(metrics.confusion(truth, called[p.name].astype(np.int64), 2)), of(p.name))
            for p in points
        ),
        ranking=of(""),
        three_class=_matrix(metrics.confusion(predictions.classes[known], said[known], len(CLASSES))),
        resampling=resampling,
        reference=reference,
    )


def _with_baseline(points: tuple[OperatingPoint, ...]) -> tuple[OperatingPoint, ...]:
    if any(point.threshold == BASELINE_THRESHOLD for point in points):
        return points
    return (
        *points,
        OperatingPoint(BASELINE, BASELINE_THRESHOLD, "the threshold of the two-phase baseline"),
    )


def _ranking(predictions: Predictions, rule: DecisionRule) -> dict[str, Statistic]:
    """The metrics that need no threshold. Ranks use the log-odds: probabilities near 1 round to ties."""
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


def _matrix(rows: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(count) for count in row) for row in rows)


def _lists(matrix: tuple[tuple[int, ...], ...]) -> list[list[int]]:
    return [list(row) for row in matrix]


def _to_json(values: dict[str, Estimate]) -> dict[str, Any]:
    return {name: asdict(estimate) for name, estimate in values.items()}


def _estimates_from_json(values: dict[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate(**estimate) for name, estimate in values.items()}


def _point_from_json(row: dict[str, Any]) -> PointResult:
    point = OperatingPoint(row["name"], row["threshold"], row["policy"])
    return PointResult(point, _matrix(row["confusion"]), _estimates_from_json(row["metrics"]))
