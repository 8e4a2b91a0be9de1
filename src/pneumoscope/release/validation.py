"""Evaluate a finished run on its validation radiographs, with the decision rule that was fitted to them."""

from pneumoscope.evaluation.evaluation import Evaluation, evaluate
from pneumoscope.evaluation.predictions import Predictions
from pneumoscope.release.fit_rule import fit_rule
from pneumoscope.training.run_folder import FinishedRun

VALIDATION = "Validation (held-out radiographs of the training set)"
"""The title of the evaluation."""


def evaluate_validation(run: FinishedRun) -> Evaluation:
    """Fit the decision rule to the validation radiographs of a run and evaluate it on them.

    Returns:
        The evaluation, whose ``rule`` is the one to freeze. The rule is fitted to the same radiographs, so the numbers
        flatter it a little.

    Raises:
        DataError: the radiographs miss a class, or are ranked the wrong way round.
    """
    predictions = Predictions(tuple(run.radiographs), run.logits)
    return evaluate(predictions, fit_rule(run.logits, predictions.radiographs, run.config.recipe.threshold), VALIDATION)
