"""A training run and its folder.

RUN/config.json        recipe, seed, source, versions, precision, state ("running", "finished", "collapsed")
RUN/split.csv          every film used, with its side of the split
RUN/history.json       one row per epoch
RUN/checkpoint.npz     what --resume reads
RUN/model.weights.h5   the weights to keep
RUN/validation.npz     logits of the validation films, in the order of validation.csv; a refit keeps those of the run it
                       refits, which had not seen them
RUN/left-out.npz       the same of the block left out of training, if one was, with left-out.csv
RUN/checksums.json     sha256 of the finished files
"""

import json
import platform
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import fingerprint, load, sha256, write_manifest
from pneumoscope.data.splits import block_folds, divided
from pneumoscope.errors import TrainingError
from pneumoscope.network.backend import bfloat16_pays, import_keras
from pneumoscope.training import lineage
from pneumoscope.training.guard import CollapseError
from pneumoscope.training.packing import PackedFilms, Progress, limited, pack
from pneumoscope.training.recipe import Recipe, completed, from_json

VERSIONED = ("pneumoscope", "keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "numpy", "pillow", "scikit-learn")


Scored = tuple[list[LabelledRadiograph], NDArray[np.float32]]
"""N films and their logits (N, 3)."""


@dataclass(frozen=True)
class Setting:
    """What a run is asked to do.

    Attributes:
        source: labelled films, as pneumoscope.data.layout.load reads them; test films are left out.
        recipe: what to do with them.
        seed: of everything random.
        imagenet: path of the ImageNet weights, or None for random ones.
        cache: folder for packed films.
        left_out: (i, n) leaves block i of n number blocks of the training films out of training, to be scored at the
            end; None trains on all. The validation films stay the same.
        start: a finished run whose weights to start from instead of ImageNet's; None for ImageNet's.
        refit: a finished run of the same recipe to train again on all of its films, the validation films among them;
            what it made of those stands for this run's validation. None for an ordinary run.
    """

    source: Path
    recipe: Recipe
    seed: int
    imagenet: Path | None
    cache: Path
    left_out: tuple[int, int] | None = None
    start: Path | None = None
    refit: Path | None = None


@dataclass(frozen=True)
class FinishedRun:
    """What later steps need of a finished run.

    Attributes:
        folder: of the run.
        config: as in config.json.
        history: one row per epoch.
        films: the validation films.
        logits: (N, 3) of the validation films, from the kept weights; of a refit, from those of the run it refits.
    """

    folder: Path
    config: dict[str, Any]
    history: list[dict[str, Any]]
    films: list[LabelledRadiograph]
    logits: NDArray[np.float32]

    @property
    def refit(self) -> bool:
        """Whether the network was trained on the validation films too."""
        return "refit_of" in self.config

    @property
    def weights_sha256(self) -> str:
        """Of the kept weights, as load_finished found them."""
        digests: dict[str, str] = json.loads((self.folder / "checksums.json").read_text())
        return digests["model.weights.h5"]


def train(setting: Setting, folder: Path, progress: Progress, on_epoch: Callable[[list[dict[str, Any]]], None]) -> None:
    """Run a recipe from films to kept weights; called again on the same folder, go on where it was stopped.

    Raises:
        DataError: the films cannot be used as asked.
        NotAssessedError: a film cannot be read.
        CollapseError: see pneumoscope.training.guard; the folder then says "collapsed".
        TrainingError: the folder holds a run of another setting, or the run to start from saw other films, or the run
            to refit is none whose scores can stand for this one's.
    """
    from pneumoscope.network.resnet import build, in_float32
    from pneumoscope.training.trainer import Trainer

    keras = import_keras()
    keras.config.set_dtype_policy("mixed_bfloat16" if bfloat16_pays() else "float32")
    films = films_of(setting)
    before = load_finished(setting.start) if setting.start else None
    refitted = load_finished(setting.refit) if setting.refit else None
    kept_apart = films
    if refitted:
        films = {digest: replace(film, split="train") for digest, film in films.items()}
    config = _config(setting, films)
    config |= lineage.start_of(before, setting, by_digest(kept_apart, "val"), config) if before else {}
    config |= lineage.refit_of(refitted, config, before) if refitted else {}
    _begin(folder, config)
    earlier = before.history if before else []

    def keep_history(history: list[dict[str, Any]]) -> None:
        if refitted:  # What it says of the validation films, on which it is trained, is no validation.
            history = [{key: row[key] for key in row if not key.startswith("val_")} for row in history]
        write_json(folder / "history.json", earlier + history)
        on_epoch(history)

    packed = _packed(kept_apart, setting, progress)
    keras.utils.set_random_seed(setting.seed)
    model = load_model(before) if before else build(str(setting.imagenet) if setting.imagenet else None)
    trainer = Trainer(model, setting.recipe, packed, setting.seed, folder, progress, keep_history)
    try:
        trainer.run()
    except CollapseError as error:
        write_json(folder / "config.json", config | {"state": "collapsed", "explanation": str(error)})
        raise
    # Calibration and thresholds are fitted to these logits, so they are computed as the bundle will compute them.
    screening = replace(trainer, model=in_float32(model))
    sides = ({} if refitted else {"validation": "val"}) | ({"left-out": "left-out"} if setting.left_out else {})
    unseen = {name: (by_digest(films, side), screening.predict(side)) for name, side in sides.items()}
    if refitted:
        unseen["validation"] = (refitted.films, refitted.logits)
    if before and "left-out" not in unseen and (before.folder / "left-out.npz").exists():
        # Trained on all films, but what it started from has a score of every film by a network that had not seen it.
        unseen["left-out"] = scored(before.folder, "left-out")
    finish(folder, config, films, model, unseen)


def resumed(folder: Path, cache: Path) -> Setting:
    """What an interrupted run was asked to do.

    Raises:
        TrainingError: the folder holds no run, a damaged or a finished one.
    """
    config = _read_config(folder)
    if config["state"] == "finished":
        raise TrainingError(f"{folder}: this run is finished; next: pneumoscope report {folder}")
    return setting_of(config, cache)


def setting_of(config: dict[str, Any], cache: Path) -> Setting:
    """What a run was asked to do, from its config.json."""
    imagenet = Path(config["imagenet"]) if config["imagenet"] else None
    left_out = tuple(config["left_out"]) if config.get("left_out") else None
    start, refit = (Path(config[name]) if config.get(name) else None for name in ("start", "refit"))
    asked = (Path(config["source"]), from_json(config["recipe"]), config["seed"])
    return Setting(*asked, imagenet, cache, left_out, start, refit)


def refitting(folder: Path, seed: int, cache: Path, start: Path | None = None) -> Setting:
    """To train a finished run's recipe again, on all of its films, where they and the ImageNet weights lay then.

    Args:
        folder: of the run.
        seed: of the refit.
        cache: folder for packed films.
        start: a refit of the run that the run started from, if it did.

    Raises:
        TrainingError: see :func:`load_finished`.
    """
    return replace(setting_of(load_finished(folder).config, cache), seed=seed, start=start, refit=folder)


def load_finished(folder: Path) -> FinishedRun:
    """Read a finished run.

    Raises:
        TrainingError: the folder holds no run, or an unfinished or changed one.
    """
    config = _read_config(folder)
    if config["state"] == "collapsed":
        raise TrainingError(f"{folder}: this run is collapsed. {config['explanation']}")
    if config["state"] != "finished":
        raise TrainingError(
            f"{folder}: this run is {config['state']}; finish it with: pneumoscope train --resume {folder}"
        )
    for name, digest in json.loads((folder / "checksums.json").read_text()).items():
        if sha256(folder / name) != digest:
            raise TrainingError(f"{folder / name}: changed since the run finished; train again or restore the file")
    history = json.loads((folder / "history.json").read_text())
    return FinishedRun(folder, config, history, *scored(folder, "validation"))


def scored(folder: Path, films: str) -> Scored:
    """The "validation" or "left-out" films of a finished run and their logits (N, 3) from the kept weights."""
    with np.load(folder / f"{films}.npz", allow_pickle=False) as stored:
        return load(folder / f"{films}.csv"), stored["logits"]


def load_model(run: FinishedRun) -> Any:
    """The Keras model of a finished run, with the kept weights."""
    from pneumoscope.network.resnet import build

    model = build(None)
    model.load_weights(run.folder / "model.weights.h5")
    return model


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise TrainingError(f"{folder}: no training run here (config.json is missing)") from error
    except ValueError as error:
        raise TrainingError(f"{folder / 'config.json'}: damaged; start the run again in a new folder") from error
    return config


def films_of(setting: Setting) -> dict[str, LabelledRadiograph]:
    """Distinct training films by digest, each with its side of the split: "train", "val" or "left-out".

    Those of a refit are divided as the run that it refits had them.
    """
    seed = _read_config(setting.refit)["seed"] if setting.refit else setting.seed
    films = divided(load(setting.source), seed=seed)
    chosen = {film.path for film in limited(list(films.values()), setting.recipe.limit)}
    films = {digest: film for digest, film in films.items() if film.path in chosen}
    if setting.left_out:
        block, count = setting.left_out
        train = _side(films, "train")
        for digest, film in zip(train, block_folds(list(train.values()), count)[block], strict=True):
            films[digest] = replace(film, split="left-out") if film.split == "val" else film
    if not setting.recipe.subtypes:
        return {digest: replace(film, subtype=None) for digest, film in films.items()}
    return films


def _packed(films: dict[str, LabelledRadiograph], setting: Setting, progress: Progress) -> dict[str, PackedFilms]:
    """The films of every side; those left out lie in one pack with the training films, the same for every block."""
    held_out = pack(_side(films, "val"), setting.cache, progress)
    side = setting.recipe.packed_at
    if setting.refit:  # They are trained on as well, and watched for collapse alone.
        return {"train": pack(films, setting.cache, progress, side), "val": held_out}
    rest = {digest: film for digest, film in films.items() if film.split != "val"}
    packed = pack(rest, setting.cache, progress, side)
    left_out = np.array([rest[digest].split == "left-out" for digest in sorted(rest)])
    if not left_out.any():
        return {"train": packed, "val": held_out}
    return {"train": packed.subset(~left_out), "left-out": packed.subset(left_out), "val": held_out}


def by_digest(films: dict[str, LabelledRadiograph], split: str) -> list[LabelledRadiograph]:
    """The films of a side of the split in the order in which they are packed."""
    side = _side(films, split)
    return [side[digest] for digest in sorted(side)]


def _side(films: dict[str, LabelledRadiograph], split: str) -> dict[str, LabelledRadiograph]:
    return {digest: film for digest, film in films.items() if film.split == split}


def _config(setting: Setting, films: dict[str, LabelledRadiograph]) -> dict[str, Any]:
    keras = import_keras()
    if setting.imagenet and not setting.imagenet.is_file():
        raise TrainingError(
            f"{setting.imagenet}: the ImageNet weights that the run needs are not there; bring them back"
        )
    return {
        "recipe": asdict(setting.recipe),
        "seed": setting.seed,
        "source": str(setting.source.resolve()),
        "left_out": setting.left_out,
        "films": dict(Counter(film.split for film in films.values())),
        "fingerprint": fingerprint(films),
        "imagenet": str(setting.imagenet.resolve()) if setting.imagenet else None,
        "imagenet_sha256": sha256(setting.imagenet) if setting.imagenet else None,
        "backend": keras.backend.backend(),
        "precision": keras.config.dtype_policy().name,
        "versions": _versions(),
        "state": "running",
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _begin(folder: Path, config: dict[str, Any]) -> None:
    if (folder / "config.json").exists():
        earlier = completed(_read_config(folder))
        fixed = ("recipe", "seed", "left_out", "start_sha256", "refit_of", "fingerprint", "imagenet_sha256")
        changed = [name for name in fixed if earlier.get(name) != json.loads(json.dumps(config.get(name)))]
        if changed:
            raise TrainingError(f"{folder} holds a run with another {', '.join(changed)}; choose a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", config)


def finish(
    folder: Path, config: dict[str, Any], films: dict[str, LabelledRadiograph], model: Any, unseen: Mapping[str, Scored]
) -> None:
    """Write what a finished run holds beside its history: weights, split, scored films, checksums.

    Args:
        folder: of the run.
        config: to be kept as config.json.
        films: every film used, by digest.
        model: with the weights to keep.
        unseen: "validation", and "left-out" where there is one: films that were not trained on, and their logits.
    """
    model.save_weights(folder / "model.weights.h5")
    write_manifest(sorted(films.values(), key=lambda film: film.path), folder / "split.csv")
    names = ["split.csv", "history.json", "model.weights.h5"]
    for name, (of, logits) in unseen.items():
        # Manifests are read back ordered by path.
        order = sorted(range(len(of)), key=lambda place: of[place].path)
        write_manifest([replace(of[place], split="val") for place in order], folder / f"{name}.csv")
        np.savez(folder / f"{name}.npz", logits=logits[order])
        names += [f"{name}.csv", f"{name}.npz"]
    write_json(folder / "checksums.json", {name: sha256(folder / name) for name in names})
    write_json(folder / "config.json", config | {"state": "finished"})
    (folder / "checkpoint.npz").unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON in one step: a reader sees the old file or the new one, whole."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2) + "\n")
    partial.replace(path)
