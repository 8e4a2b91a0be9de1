"""What a frozen decision rule achieves on labelled films: metrics, intervals, figures, the report and the model card.

The room takes arrays, so any predictor can be judged: Keras while it trains, the released bundle, or another's model.
Measuring needs NumPy only; the figures need the ``evaluate`` extra.
"""

from pneumoscope.decision.rule import DecisionRule
from pneumoscope.evaluation.bootstrap import Estimate, Resampling
from pneumoscope.evaluation.evaluation import Evaluation, PointResult, evaluate
from pneumoscope.evaluation.predictions import NotAssessed, Predictions

__all__ = [
    "DecisionRule",
    "Estimate",
    "Evaluation",
    "NotAssessed",
    "PointResult",
    "Predictions",
    "Resampling",
    "evaluate",
]
