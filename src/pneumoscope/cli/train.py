"""``pneumoscope train``."""

import argparse
import os
from pathlib import Path
from typing import Any

HELP = "Train the ResNet50: head on frozen features first, then the opened network at a very low rate."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--data", type=Path, help="folder with train/{NORMAL,PNEUMONIA}, or a CSV manifest")
    parser.add_argument("--out", type=Path, help="new folder for the run")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with an interrupted run")
    parser.add_argument("--recipe", default="default", help="default, naive or naive-high-rate (default: %(default)s)")
    parser.add_argument("--smoke", action="store_true", help="the whole path on a few films in under two minutes")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default: %(default)s)")
    parser.add_argument(
        "--weights", default="auto", help="ImageNet weights: a path, auto, or random (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Train, or go on with a run."""
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.training.run import train

    setting, folder = _setting(options)
    with live_progress() as (progress, say):

        def on_epoch(history: list[dict[str, Any]]) -> None:
            for row in history[-1:]:
                say(
                    f"{row['phase']} epoch {row['epoch']}: loss {row['loss']:.3f} AUC {row['auc']:.4f} | validation "
                    f"loss {row['val_loss']:.3f} AUC {row['val_auc']:.4f} recall {row['val_recall']:.3f} "
                    f"specificity {row['val_specificity']:.3f} | {row['seconds']:.0f} s"
                )

        train(setting, folder, progress, on_epoch)
        say(f"finished: {folder}\nnext: pneumoscope report {folder}; pneumoscope export {folder} --out model.onnx")
    return 0


def _setting(options: argparse.Namespace) -> tuple[Any, Path]:
    from pneumoscope.errors import TrainingError
    from pneumoscope.model.weights import resolve
    from pneumoscope.training.recipe import recipe
    from pneumoscope.training.run import Setting, resumed

    cache = Path(os.environ.get("PNEUMOSCOPE_CACHE", Path.home() / ".cache" / "pneumoscope"))
    if options.resume:
        return resumed(options.resume, cache), options.resume
    if not (options.data and options.out):
        raise TrainingError("give --data and --out for a new run, or --resume RUN")
    if options.out.is_file() or any(path.suffix != ".partial" for path in options.out.glob("*")):
        raise TrainingError(f"{options.out} is not empty; choose a new folder, or go on: --resume {options.out}")
    # The smoke run proves the path, not the model, so it does not fetch 95 MB unless asked to.
    weights = "random" if options.smoke and options.weights == "auto" else options.weights
    imagenet = None if weights == "random" else resolve(weights, cache)
    chosen = recipe("smoke" if options.smoke else options.recipe)
    return Setting(options.data, chosen, options.seed, imagenet, cache), options.out
