"""The card that the bundle of a finished run carries, and its texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pneumoscope.bundle.card import AGES, TRIAL, BundleCard
from pneumoscope.data.public.fetch import CITATION, LICENCE
from pneumoscope.data.public.recognition import POPULATION
from pneumoscope.decision.guarantees import trials_needed
from pneumoscope.errors import DataError
from pneumoscope.evaluation.evaluation import Evaluation
from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.release.fit_rule import PROVEN_RECALL
from pneumoscope.release.worst_source import HIGH_SENSITIVITY
from pneumoscope.training.config import RunConfig
from pneumoscope.training.recipe import Recipe
from pneumoscope.training.recipes import SMOKE

NOT_STATED = "not stated"

_PUBLIC = (
    f"It was trained on {POPULATION}, never on newborns, older children or adults.",
    "It was trained on frontal films, never on lateral views.",
    "It was trained on films labelled normal, bacterial or viral pneumonia. Other diseases were never shown to it.",
)
"""Limits of a model that was trained on the public release."""

_ANY = (
    "On films of other hospitals, models of this kind have lost most of their accuracy. Check it on your films first.",
    "A heatmap shows where the score comes from. It does not prove disease there.",
)
"""Limits of every model."""

_SMOKE = "It was trained by the recipe smoke on a few films, to try the path. Its answers mean nothing: do not use it."
_RANDOM = "It was trained from random weights, for a trial. Its answers are not to be relied on: do not use it."


@dataclass(frozen=True)
class Statement:
    """What whoever trained a model says of it.

    Attributes:
        name: of the model.
        version: of the model.
        population: who is on the films that it was trained on, such as "adults of one hospital in Lyon"; None where
            that is not stated. The public release is known.
        licence: of the model, best an SPDX identifier; None where that is not stated.
    """

    name: str
    version: str
    population: str | None = None
    licence: str | None = None


_INPUT = (
    "Decoded to grey (ITU-R 601 luma; DICOM: Modality LUT, VOI LUT or window, MONOCHROME1 inverted), flat bars beside "
    f"the film cut off, resized to {INPUT_SIZE} x {INPUT_SIZE} whatever its aspect ratio by antialiased "
    "bilinear filtering, rounded to 8 bits."
)


def describe_preprocessing(recipe: Recipe) -> str:
    """Say in words how a file becomes what the network of a recipe reads."""
    if recipe.inference_size == INPUT_SIZE:
        return _INPUT
    return f"{_INPUT} The network reads it at {recipe.inference_size} pixels."


def build_card(evaluation: Evaluation, config: RunConfig, statement: Statement) -> BundleCard:
    """Build the card of a bundle.

    Args:
        evaluation: as from pneumoscope.release.validation.evaluate_validation.
        config: of the run.
        statement: of whoever trained it.

    Raises:
        DataError: a population is stated of the public release, where it is known.
    """
    if config.public_release and statement.population:
        raise DataError(
            "the model was trained on the public release, whose population is known; leave --population out"
        )
    result = evaluation.to_dict()
    population = POPULATION if config.public_release else statement.population
    trial = _SMOKE if config.recipe.name == SMOKE else _RANDOM if config.imagenet is None else None
    whom = f", of {population}" if population else " like those that it was trained on"
    return BundleCard(
        name=statement.name,
        version=statement.version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=statement.licence or NOT_STATED,
        input_size=INPUT_SIZE,
        preprocessing=describe_preprocessing(config.recipe),
        rule=evaluation.rule,
        training=config.provenance() | {"data": _data(config, population)} | ({TRIAL: trial} if trial else {}),
        validation={key: result[key] for key in ("title", "counts", "ranking", "points", "resampling")},
        intended_use=f"Research on screening frontal chest films{whom}, for pneumonia. No medical device.",
        limits=tuple(_limits(evaluation, config, population)),
        ages=AGES if config.public_release else None,
    )


def _data(config: RunConfig, population: str | None) -> dict[str, str]:
    """Where the radiographs come from, whom they show and how they may be used."""
    if config.public_release:
        return {"source": CITATION, "population": POPULATION, "licence": LICENCE}
    return {"source": _films(config), "population": population or NOT_STATED, "licence": NOT_STATED}


def _films(config: RunConfig) -> str:
    """Name one's own films by the last part of their path, escaped: the rest of it is nobody's business."""
    return f"the films of {Path(config.source).name!r}, as given by whoever trained it"


def _limits(evaluation: Evaluation, config: RunConfig, population: str | None) -> Iterator[str]:
    if config.public_release:
        yield from _PUBLIC
    else:
        whom = f"They show {population}." if population else "Whom they show is not stated."
        yield f"It was trained on {_films(config)}. {whom}"
        yield "Ages, views, devices and diseases that are not on those films were never shown to it."
    yield from _ANY
    if all(point.name != HIGH_SENSITIVITY for point in evaluation.rule.operating_points):
        held_out, needed = int(evaluation.predictions.positive.sum()), trials_needed(0, PROVEN_RECALL)
        yield (
            f"It has no operating point {HIGH_SENSITIVITY}: {held_out} pneumonias were held out, and a recall of "
            f"{PROVEN_RECALL} is proven on {needed} at the least."
        )
