"""The card that the bundle of a finished run carries, and its texts."""

from datetime import UTC, datetime

from pneumoscope.bundle.card import AGES, BundleCard
from pneumoscope.evaluation.evaluation import Evaluation
from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.training.config import RunConfig
from pneumoscope.training.recipe import Recipe

INTENDED_USE = "Research on screening frontal chest films of children aged 1 to 5 for pneumonia. No medical device."

LIMITS = (
    "It was trained on children aged 1 to 5 of one hospital in Guangzhou, never on newborns, older children or adults.",
    "It was trained on frontal films, never on lateral views.",
    "It was trained on films labelled normal, bacterial or viral pneumonia. Other diseases were never shown to it.",
    "On films of other hospitals, models of this kind have lost most of their accuracy. Check it on your films first.",
    "A heatmap shows where the score comes from. It does not prove disease there.",
)

_INPUT = (
    "Decoded to grey (ITU-R 601 luma; DICOM: Modality LUT, VOI LUT or window, MONOCHROME1 inverted), resized to "
    f"{INPUT_SIZE} x {INPUT_SIZE} whatever its aspect ratio by antialiased bilinear filtering, rounded to 8 bits."
)


def describe_preprocessing(recipe: Recipe) -> str:
    """Say in words how a file becomes what the network of a recipe reads."""
    if recipe.inference_size == INPUT_SIZE:
        return _INPUT
    return f"{_INPUT} The network reads it at {recipe.inference_size} pixels."


def build_card(evaluation: Evaluation, config: RunConfig, name: str, version: str) -> BundleCard:
    """Build the card of a bundle.

    Args:
        evaluation: as from pneumoscope.release.validation.evaluate_validation.
        config: of the run.
        name: of the model.
        version: of the model.
    """
    result = evaluation.to_dict()
    return BundleCard(
        name=name,
        version=version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence="Apache-2.0",
        input_size=INPUT_SIZE,
        preprocessing=describe_preprocessing(config.recipe),
        rule=evaluation.rule,
        training=config.provenance(),
        validation={key: result[key] for key in ("title", "counts", "ranking", "points", "resampling")},
        intended_use=INTENDED_USE,
        limits=LIMITS,
        ages=AGES,
    )
