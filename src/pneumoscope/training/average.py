"""One network from several runs: the mean of their weights.

Networks fine-tuned from the same pretrained weights lie in one basin, and the mean of their weights often generalises
better than each, at the cost of one (Wortsman et al. 2022, "Model soups", arXiv:2203.05482, section 2). The statistics
of BatchNormalization are no weights: those of the mean are measured anew where training moved them (Izmailov et al.
2018, arXiv:1803.05407, section 3.2).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pneumoscope.errors import TrainingError
from pneumoscope.network.backend import import_keras
from pneumoscope.training import run
from pneumoscope.training.packing import PackedFilms, Progress, pack
from pneumoscope.training.recipe import Recipe, completed
from pneumoscope.training.trainer import Trainer, as_shipped

SAME = ("recipe", "imagenet_sha256", "backend", "precision", "source")
"""What the runs' configurations must share."""


def average(folders: Sequence[Path], out: Path, cache: Path, progress: Progress) -> None:
    """Write the mean of finished runs as a finished run of its own, scored on the validation films they share.

    Args:
        folders: at least two finished runs of one recipe, from the same ImageNet weights and validation films.
        out: new folder. Its config.json names the runs and the digests of their weights, its history is their mean, and
            where every run left a block out, its left-out films are those of all runs, each film scored by its own.
        cache: folder for packed films.
        progress: shown while films are scored.

    Raises:
        TrainingError: the runs do not fit together, one is not finished, or the folder is not new.
    """
    if out.exists():
        raise TrainingError(f"{out} exists; choose a new folder")
    if len(folders) < 2:
        raise TrainingError("averaging needs at least two runs")
    runs = [run.load_finished(folder) for folder in folders]
    _check(runs)
    model = run.load_model(runs[0])
    total = [w.astype(np.float64) for w in model.get_weights()]
    for other in runs[1:]:
        model.load_weights(other.folder / "model.weights.h5")
        total = [sum_ + w for sum_, w in zip(total, model.get_weights(), strict=True)]
    model.set_weights(as_shipped([(w / len(runs)).astype(np.float32) for w in total]))
    setting = replace(run.setting_of(runs[0].config, cache), left_out=None)
    films = run.films_of(setting)
    if setting.recipe.batchnorm:
        train = {digest: film for digest, film in films.items() if film.split == "train"}
        measure_batchnorm(model, pack(train, cache, progress, setting.recipe.packed_at), setting.recipe, progress)
    held_out = {digest: film for digest, film in films.items() if film.split == "val"}
    packed = {"val": pack(held_out, cache, progress)}
    logits = Trainer(model, setting.recipe, packed, 0, out, progress, lambda _: None).predict("val")
    unseen = {"validation": (run.by_digest(films, "val"), logits)}
    if all(member.config.get("left_out") for member in runs):
        unseen["left-out"] = _out_of_fold(folders)
    out.mkdir(parents=True)
    run.write_json(out / "history.json", _history(runs))
    run.finish(out, _config(runs), films, model, unseen)


def measure_batchnorm(model: Any, films: PackedFilms, recipe: Recipe, progress: Progress) -> None:
    """Give BatchNormalization the mean of the statistics of an epoch's batches, augmented as in the last phase.

    Args:
        model: as built by pneumoscope.network.resnet.build; its other weights stay as they are.
        films: of training.
        recipe: of the runs that the model is made of.
        progress: shown while it runs.
    """
    layers = [layer for layer in model.layers if isinstance(layer, import_keras().layers.BatchNormalization)]
    for layer in layers:
        layer.trainable = True  # a frozen one uses the statistics that it has
    batches = films.augmented(recipe.finetune[-1].size, recipe.batch, recipe.augmentation, (0,))
    for number, (x, _, _) in enumerate(batches):
        for layer in layers:
            layer.momentum = number / (number + 1)
        model(x, training=True)
        progress("measuring batch statistics", (number + 1) * len(x), len(films.pixels))


def _out_of_fold(folders: Sequence[Path]) -> run.Scored:
    """Every film that a run left out, as scored by that run: the mean itself has seen them all."""
    parts = [run.scored(folder, "left-out") for folder in folders]
    return [film for films, _ in parts for film in films], np.concatenate([logits for _, logits in parts])


def _check(runs: Sequence[run.FinishedRun]) -> None:
    first, same = runs[0], completed(runs[0].config)
    for member in runs:
        if member.refit:
            raise TrainingError(
                f"{member.folder} was trained on the validation films too: its mean could not be validated"
            )
    for other in runs[1:]:
        theirs = completed(other.config)
        differs = [name for name in SAME if theirs[name] != same[name]]
        if differs or other.films != first.films:
            what = ", ".join(differs) or "validation films"
            raise TrainingError(f"{other.folder} and {first.folder} differ in {what}: their mean would mean nothing")


def _config(runs: Sequence[run.FinishedRun]) -> dict[str, Any]:
    members = [
        {
            "seed": member.config["seed"],
            "left_out": member.config.get("left_out"),
            "weights_sha256": member.weights_sha256,
        }
        for member in runs
    ]
    films = runs[0].config["films"]
    together = {"train": films["train"] + films.get("left-out", 0), "val": films["val"]}
    return runs[0].config | {"seed": None, "left_out": None, "films": together, "mean_of": members}


def _history(runs: Sequence[run.FinishedRun]) -> list[dict[str, Any]]:
    """Row by row the mean of the runs' numbers, their seconds summed up."""
    rows = []
    for same in zip(*(member.history for member in runs), strict=True):
        mean = {key: float(np.mean([row[key] for row in same])) for key in same[0] if key not in ("phase", "epoch")}
        rows.append(same[0] | mean | {"seconds": sum(row["seconds"] for row in same)})
    return rows
