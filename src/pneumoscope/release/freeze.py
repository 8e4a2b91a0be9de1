"""From a finished run to the rule and the card that its bundle carries. Only held-out training films are looked at."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle.card import BundleCard
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.evaluation.evaluation import Evaluation, evaluate
from pneumoscope.evaluation.predictions import Predictions
from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.release.fit_rule import choose_operating_points, fit_calibration
from pneumoscope.training.recipe import Recipe, from_json

VALIDATION = "Validation (held-out films of the training set)"

REFITTED = "Validation of the run it refits (held-out films)"
"""The title where the network itself was trained on the validation films too (``pneumoscope train --refit``)."""

_INPUT = (
    "Decoded to grey (ITU-R 601 luma; DICOM: Modality LUT, VOI LUT or window, MONOCHROME1 inverted), resized to "
    f"{INPUT_SIZE} x {INPUT_SIZE} whatever its aspect ratio by antialiased bilinear filtering, rounded to 8 bits."
)

INTENDED_USE = "Research on screening frontal chest films of children aged 1 to 5 for pneumonia. No medical device."

LIMITS = (
    "Trained on children aged 1 to 5 from one hospital in Guangzhou; never on adults, newborns or older children.",
    "Trained on frontal films only; never on lateral views.",
    "Trained on films labelled normal, bacterial or viral pneumonia; other diseases were never shown to it.",
    "On other hospitals' films models of this kind have lost most of their accuracy: check it on your own films first.",
    "A heatmap shows where the score comes from; it does not prove disease there.",
)

OUTLINED = (
    "It sees nothing but a fixed outline of the lungs: what lies behind the heart or below the outline, or in lungs "
    "that lie elsewhere than on most films, cannot be found."
)
"""Said too of a model that reads films covered around the lungs."""

BORROWED = (
    "Calibration and thresholds were chosen with another network of the same recipe, on films that this one was "
    "trained on too: nothing but a test set can measure this one."
)
"""Said too of a model that was refitted on all films."""


PRIVATE = ("source", "imagenet", "start", "refit", "state")
"""Entries of a run's config.json that say where files lay, or how far it was."""


def validated(films: Sequence[LabelledRadiograph], logits: NDArray[np.float32], *, refit: bool) -> Evaluation:
    """Fit the decision rule to held-out films and evaluate it on them.

    Args:
        films: the N held-out films.
        logits: (N, 3), of the weights that the bundle will hold, or of those that a refit stands in for.
        refit: whether it is a refit's.

    Returns:
        The evaluation, whose ``rule`` is the one to freeze. Being fitted to these films, it flatters a little.

    Raises:
        DataError: the films miss a class or are ranked the wrong way round.
    """
    predictions = Predictions(tuple(films), logits)
    scores = pneumonia_score(logits)
    fitted = fit_calibration(scores, predictions.positive)
    points = choose_operating_points(fitted, scores, predictions.positive)
    return evaluate(predictions, DecisionRule(fitted, tuple(points), points[0].name), REFITTED if refit else VALIDATION)


def preprocessing(recipe: Recipe) -> str:
    """In words, how a file becomes what the network of a recipe reads."""
    covered = " What lies around the lungs is smeared." if recipe.covered else ""
    resized = f" The network reads it at {recipe.scored_at} pixels." if recipe.scored_at != INPUT_SIZE else ""
    return _INPUT + covered + resized


def card_of(evaluation: Evaluation, config: dict[str, Any], name: str, version: str) -> BundleCard:
    """The card of a bundle.

    Args:
        evaluation: as from :func:`validated`.
        config: of the run, as in its config.json.
        name: of the model.
        version: of the model.
    """
    result, trained_by = evaluation.to_dict(), from_json(config["recipe"])
    also = {OUTLINED: trained_by.covered, BORROWED: "refit_of" in config}
    return BundleCard(
        name=name,
        version=version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence="Apache-2.0",
        input_size=INPUT_SIZE,
        preprocessing=preprocessing(trained_by),
        rule=evaluation.rule,
        training={key: value for key, value in config.items() if key not in PRIVATE},
        validation={key: result[key] for key in ("title", "counts", "ranking", "points", "resampling")},
        intended_use=INTENDED_USE,
        limits=(*LIMITS, *(limit for limit, applies in also.items() if applies)),
    )
