"""What a frozen decision rule achieves on labelled radiographs: metrics, intervals, figures, report and model card.

The room takes arrays, so any predictor can be judged: Keras while it trains, the released bundle, or another's model.
Measuring needs NumPy only; the figures need the ``evaluate`` extra.
"""

from pneumoscope.decision.rule import DecisionRule
from pneumoscope.evaluation.bootstrap import Estimate, Resampling, Unit
from pneumoscope.evaluation.evaluation import Evaluation, PointResult, evaluate
from pneumoscope.evaluation.predictions import Predictions, collect_predictions
from pneumoscope.evaluation.viral import ViralAnswer

__all__ = [
    "DecisionRule",
    "Estimate",
    "Evaluation",
    "PointResult",
    "Predictions",
    "Resampling",
    "Unit",
    "ViralAnswer",
    "collect_predictions",
    "evaluate",
]
