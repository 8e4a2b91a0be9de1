"""``pneumoscope train``."""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pneumoscope.training.run import Setting
    from pneumoscope.training.sweep import Outcome

HELP = "Train the ResNet50: head on frozen features first, then the opened network at a very low rate."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--data", type=Path, help="folder with train/{NORMAL,PNEUMONIA}, or a CSV manifest")
    parser.add_argument("--out", type=Path, help="new folder for the run")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with an interrupted run")
    parser.add_argument(
        "--seeds", type=_seeds, metavar="LIST", help="several runs side by side on Ray, such as 0-4, in OUT/seed-N"
    )
    parser.add_argument(
        "--folds", type=int, metavar="N", help="N runs side by side in OUT/fold-I, each without one number block"
    )
    many = "with --seeds or --folds"
    parser.add_argument("--cpus-per-run", type=int, default=1, metavar="N", help=f"{many} (default: %(default)s)")
    parser.add_argument("--ray-address", metavar="ADDRESS", help=f"{many}: a running cluster, not one of our own")
    parser.add_argument(
        "--recipe",
        help="default, lungs, small, finish, covered, longer, opened, opened-longer, opened-detail, opened-covered, "
        "detail, robust, robust-longer, asked-for, naive or naive-high-rate (default: default)",
    )
    parser.add_argument(
        "--start", type=Path, metavar="RUN", help="start from a finished run, or from RUN/fold-I with --folds"
    )
    parser.add_argument(
        "--refit",
        type=Path,
        metavar="RUN",
        help="instead of --data: films and recipe of a finished run again, its validation films trained on too; what "
        "RUN made of those chooses the thresholds. If RUN started from a run, --start is a refit of that one",
    )
    parser.add_argument("--smoke", action="store_true", help="the whole path on a few films in under two minutes")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default: %(default)s)")
    parser.add_argument(
        "--weights", default="auto", help="ImageNet weights: a path, auto, or random (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Train, or go on with a run; 4 when one of several did not finish."""
    if options.seeds or options.folds:
        return _run_many(options)
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.training.run import train

    setting, folder = _setting(options)
    with live_progress() as (progress, say):

        def on_epoch(history: list[dict[str, Any]]) -> None:
            for row in history[-1:]:
                said = f"{row['phase']} epoch {row['epoch']}: loss {row['loss']:.3f} AUC {row['auc']:.4f}"
                if not setting.refit:
                    said += (
                        f" | validation loss {row['val_loss']:.3f} AUC {row['val_auc']:.4f} "
                        f"recall {row['val_recall']:.3f} specificity {row['val_specificity']:.3f}"
                    )
                say(f"{said} | {row['seconds']:.0f} s")

        train(setting, folder, progress, on_epoch)
        say(f"finished: {folder}\nnext: pneumoscope report {folder}; pneumoscope export {folder} --out model.onnx")
    return 0


def _run_many(options: argparse.Namespace) -> int:
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.compute.cores import usable_cores
    from pneumoscope.errors import TrainingError
    from pneumoscope.training.sweep import Outcome, train_many

    seeds_of_refit = options.seeds and options.refit
    if options.resume or not ((options.data or seeds_of_refit) and options.out) or (options.seeds and options.folds):
        raise TrainingError(
            "either --seeds or --folds, with --data and --out, or --seeds with --refit and --out; the same command "
            "again goes on where it stopped"
        )
    if options.folds:
        settings = {options.out / f"fold-{block}": _fold(options, block) for block in range(options.folds)}
    else:
        settings = {options.out / f"seed-{seed}": _new(options, seed) for seed in options.seeds}
    outcomes: list[Outcome] = []
    with live_progress() as (progress, say):
        progress("training runs", 0, len(settings))
        for outcome in train_many(settings, usable_cores(), options.cpus_per_run, options.ray_address):
            outcomes.append(outcome)
            say(f"{outcome.folder}: {outcome.state} {outcome.explanation}".rstrip())
            progress("training runs", len(outcomes), len(settings))
    _show(sorted(outcomes, key=lambda outcome: list(settings).index(outcome.folder)))
    return 0 if all(outcome.state == "finished" for outcome in outcomes) else TrainingError.exit_code


def _show(outcomes: "list[Outcome]") -> None:
    from rich import box
    from rich.table import Table

    from pneumoscope.screening.output.writers import terminal

    table = Table("run", "state", "AUC", "recall", "specificity", "time", box=box.SIMPLE_HEAD)
    for outcome in outcomes:
        last, names = outcome.last, ("val_auc", "val_recall", "val_specificity")
        numbers = [f"{last[name]:.4f}" for name in names if name in last]
        time = f"{outcome.seconds:.0f} s" if outcome.seconds else "before"
        table.add_row(str(outcome.folder), outcome.state, *(numbers or ["-"] * 3), time)
    terminal().print(table)


def _seeds(text: str) -> list[int]:
    """Read a list of whole numbers and ranges, such as 0-4 or 1,3,7-9."""
    seeds: dict[int, None] = {}
    for item in text.split(","):
        first, _, last = item.partition("-")
        seeds |= dict.fromkeys(range(int(first), int(last or first) + 1))
    if not seeds:
        raise ValueError(text)
    return list(seeds)


def _setting(options: argparse.Namespace) -> tuple[Any, Path]:
    from pneumoscope.errors import TrainingError
    from pneumoscope.training.run import resumed

    if options.resume and options.refit:
        raise TrainingError("a refit that was interrupted goes on with --resume alone")
    if options.resume:
        return resumed(options.resume, cache()), options.resume
    if not ((options.data or options.refit) and options.out):
        raise TrainingError("give --data and --out for a new run, --refit RUN and --out to refit one, or --resume RUN")
    if options.out.is_file() or any(path.suffix != ".partial" for path in options.out.glob("*")):
        raise TrainingError(f"{options.out} is not empty; choose a new folder, or go on: --resume {options.out}")
    return _new(options, options.seed), options.out


def _new(options: argparse.Namespace, seed: int) -> "Setting":
    from pneumoscope.errors import TrainingError
    from pneumoscope.network.weights import resolve
    from pneumoscope.training.recipe import recipe
    from pneumoscope.training.run import Setting, refitting

    if options.refit:
        if options.data or options.smoke or options.recipe or options.weights != "auto":
            raise TrainingError(
                "--refit takes films, recipe and weights from the run: give it no --data, --recipe, --weights "
                "or --smoke"
            )
        return refitting(options.refit, seed, cache(), options.start)
    # The smoke run proves the path, not the model, so it does not fetch 95 MB unless asked to.
    weights = "random" if options.smoke and options.weights == "auto" else options.weights
    imagenet = None if weights == "random" or options.start else resolve(weights, cache())
    asked = recipe("smoke" if options.smoke else options.recipe or "default")
    return Setting(options.data, asked, seed, imagenet, cache(), start=options.start)


def _fold(options: argparse.Namespace, block: int) -> "Setting":
    """Seeds differ between the folds, and between the folds of two seeds."""
    setting = _new(options, options.seed * options.folds + block)
    start = options.start and options.start / f"fold-{block}"
    return replace(setting, left_out=(block, options.folds), start=start)


def cache() -> Path:
    """The folder for packed films and ImageNet weights: $PNEUMOSCOPE_CACHE, or one in the user's home."""
    return Path(os.environ.get("PNEUMOSCOPE_CACHE", Path.home() / ".cache" / "pneumoscope"))
