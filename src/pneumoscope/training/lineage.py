"""What a run may go on from or refit, so that no network is validated on films that it, or one before, was taught."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.errors import TrainingError
from pneumoscope.training.recipe import completed

if TYPE_CHECKING:
    from pneumoscope.training.run import FinishedRun, Setting


def start_of(
    before: "FinishedRun", setting: "Setting", held_out: Sequence[LabelledRadiograph], asked: dict[str, Any]
) -> dict[str, Any]:
    """Where a run starts from, and what that run was, as entries of its config.json.

    Args:
        before: the run to start from.
        setting: of the new run.
        held_out: its validation films; of a refit, those of the run that it refits.
        asked: its config.json so far.

    Raises:
        TrainingError: the run to start from was trained on what is held out here.
    """
    left_out = list(setting.left_out) if setting.left_out else None
    same = (before.config.get("left_out"), before.config["fingerprint"]) == (left_out, asked["fingerprint"])
    # The draw of patients follows from the seed, where the films come without blocks and without a split of their own.
    drawn_alike = _names(before.films) == _names(held_out)
    if (before.refit and not setting.refit) or not (same and drawn_alike):
        raise TrainingError(f"{before.folder} was trained on other films, and may have seen what is held out here")
    return {
        "start": str(before.folder.resolve()),
        "start_sha256": before.weights_sha256,
        "started_from": {key: before.config.get(key) for key in ("recipe", "seed", "mean_of")},
    }


def refit_of(before: "FinishedRun", asked: dict[str, Any], start: "FinishedRun | None") -> dict[str, Any]:
    """What the run to refit was, as entries of the refit's config.json.

    Args:
        before: the run to refit.
        asked: the refit's config.json so far.
        start: the run that the refit starts from; None for ImageNet's weights.

    Raises:
        TrainingError: it was not trained just as the refit will be, but for the validation films.
    """
    earlier, now = completed(before.config), json.loads(json.dumps(asked))
    differs = [name for name in ("fingerprint", "imagenet_sha256", "recipe") if earlier.get(name) != now[name]]
    differs += [name for name in ("left_out", "mean_of", "refit_of") if earlier.get(name) or now.get(name)]
    began = start.config.get("refit_of", {}).get("weights_sha256") if start else None
    if earlier.get("start_sha256") != began:
        differs.append("start")
    if differs:
        raise TrainingError(
            f"{before.folder} cannot be refitted so, for its {', '.join(differs)}: it must be trained on all but the "
            "validation films of the same source, from ImageNet's weights, or from a run whose refit is the --start"
        )
    of = {"seed": before.config["seed"], "films": before.config["films"], "weights_sha256": before.weights_sha256}
    return {"refit": str(before.folder.resolve()), "refit_of": of}


def _names(films: Iterable[LabelledRadiograph]) -> set[tuple[str, str]]:
    """What names films wherever they lie."""
    return {(film.patient, film.path.name) for film in films}
