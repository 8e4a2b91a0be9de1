"""``pneumoscope train``."""

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumoscope.cli.arguments import add_manifest, manifest_form, whole_number

if TYPE_CHECKING:
    from types import FrameType

    from pneumoscope.progress import Progress
    from pneumoscope.training.config import Setting
    from pneumoscope.training.loop.checkpoint import Row
    from pneumoscope.training.loop.listener import Listener

HELP = "Train the network: a new run, or an interrupted one from where it was stopped."

RECIPES = {
    "default": "what the released network began with",
    "quick": "about an hour on two cores that multiply bfloat16, a little less accurate",
    "baseline": "the two-phase system that the project rebuilt",
    "hospitals": "for films of several sources, from a released bundle (--weights FILE.onnx)",
    "hospitals-larger": "after hospitals, from its bundle, on larger crops",
    "hospitals-quick": "hospitals in fewer steps, the later stages alone",
    "naive": "all layers at once at a high rate; collapses",
}
"""What the recipes are, for the help; the smoke recipe is chosen by --smoke."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", type=Path, help="new run: folder with train/{NORMAL,PNEUMONIA}, or a CSV manifest")
    what.add_argument("--resume", type=Path, metavar="RUN", help="interrupted run to go on with; takes no other option")
    parser.add_argument("--out", type=Path, metavar="RUN", help="new folder for the run; required with --data")
    parser.add_argument("--seed", type=whole_number(0), help="of everything random (default: 0)")
    configure_recipe(parser)
    parser.set_defaults(usage_error=parser.error)


def configure_recipe(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say how to train, and what a manifest calls its columns and labels."""
    how = parser.add_mutually_exclusive_group()
    told = "; ".join(f"{name}: {what}" for name, what in RECIPES.items())
    how.add_argument("--recipe", choices=list(RECIPES), help=f"how to train (default: default). {told}")
    how.add_argument("--smoke", action="store_true", help="every step on a few films; the model is worthless")
    parser.add_argument(
        "--weights",
        help="what to start from: ImageNet weights as a path, auto or random (default: auto; --smoke: random); or a "
        "bundle, FILE.onnx, whose network is trained further",
    )
    add_manifest(parser)


def run(options: argparse.Namespace) -> int:
    """Train, or go on with a run."""
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.training.run import train

    setting, folder = _read_setting(options)
    with live_progress() as (told, say), _resumable(folder), _interruptible(told) as progress:
        train(setting, folder, _listener(setting.recipe.name, progress, say))
        run = shlex.quote(str(folder))
        say(f"finished: {folder}\nnext: pneumoscope report {run}; pneumoscope export {run} --out model.onnx")
    return 0


def _listener(recipe: str, progress: "Progress", say: Callable[[str], None]) -> "Listener":
    """Who tells a person: a line at the start, and one for each epoch with the time that is left."""
    from pneumoscope.progress import duration_text
    from pneumoscope.training.loop.listener import Listener

    left: list[float] = []

    def estimated(seconds: float) -> None:
        if not left:
            say(f"{recipe}: about {duration_text(seconds)} here")
        left[:] = [seconds]

    def epoch_ended(history: "list[Row]") -> None:
        row = history[-1]
        say(_describe(row) + (f" | about {duration_text(left[0])} left" if left and "loss" in row else ""))

    return Listener(progress, estimated, epoch_ended)


@contextmanager
def _interruptible(told: "Progress") -> "Iterator[Progress]":
    """Give a progress that ends an interrupted run at its next step. A second interrupt ends it at once.

    TensorFlow calls Python while it compiles a step, and drops a KeyboardInterrupt that is raised in such a call.
    """
    before, asked = signal.getsignal(signal.SIGINT), threading.Event()
    if not callable(before):  # whoever started the process had interrupts ignored
        yield told
        return
    at_once = before

    def remember(number: int, frame: "FrameType | None") -> None:
        if asked.is_set():
            at_once(number, frame)
        asked.set()

    def progress(what: str, done: int, total: int | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        told(what, done, total)

    signal.signal(signal.SIGINT, remember)
    try:
        yield progress
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _resumable(folder: Path) -> Iterator[None]:
    """Say how to go on with a run that is stopped by a person or by a disk.

    Raises:
        TrainingError: a file cannot be written.
    """
    from pneumoscope.errors import TrainingError, system_text
    from pneumoscope.training.run_folder import CONFIG

    command = f"pneumoscope train --resume {shlex.quote(str(folder))}"
    try:
        yield
    except KeyboardInterrupt:
        if (folder / CONFIG).exists():
            sys.stderr.write(f"pneumoscope: what is done is kept; go on with: {command}\n")
        raise
    except OSError as error:
        kept = f" What is done is kept; go on then with: {command}" if (folder / CONFIG).exists() else ""
        raise TrainingError(f"{system_text(error, folder)}; free some space or mend the folder.{kept}") from error


def make_setting(options: argparse.Namespace, seed: int) -> "Setting":
    """What a new run is asked to do; ImageNet weights are fetched where they are not here yet.

    Raises:
        DataError: the weights file does not exist.
        TrainingError: the weights could not be fetched.
    """
    from pneumoscope.network.weights import resolve
    from pneumoscope.training.config import Setting, default_cache
    from pneumoscope.training.recipes import RECIPES as KNOWN

    # The smoke run proves the path, not the model, so it does not fetch 95 MB unless asked to.
    weights = options.weights or ("random" if options.smoke else "auto")
    imagenet = None if weights == "random" else resolve(weights, default_cache())
    recipe = KNOWN["smoke" if options.smoke else options.recipe or "default"]
    return Setting(options.data, recipe, seed, imagenet, default_cache(), manifest_form(options))


def _read_setting(options: argparse.Namespace) -> "tuple[Setting, Path]":
    from pneumoscope.errors import DataError
    from pneumoscope.files import PARTIAL
    from pneumoscope.training.config import default_cache
    from pneumoscope.training.run_folder import LOCK, resume_setting

    if options.resume:
        others = ("out", "recipe", "smoke", "weights", "path_column", "label_column", "positive")
        if any(getattr(options, name) for name in others) or options.seed is not None:
            options.usage_error("--resume takes no other option: the run knows what it was asked to do")
        return resume_setting(options.resume, default_cache()), options.resume
    if not options.out:
        options.usage_error("--data needs --out RUN, a new folder for the run")
    left = (path for path in options.out.glob("*") if path.name != LOCK and path.suffix != PARTIAL)
    if options.out.is_file() or any(left):
        raise DataError(f"{options.out} is not empty; choose a new folder, or go on: --resume {options.out}")
    return make_setting(options, options.seed or 0), options.out


def _describe(row: dict[str, Any]) -> str:
    """A line for a row of the history."""
    validated = (
        f"validation loss {row['val_loss']:.3f} AUC {row['val_auc']:.4f} "
        f"recall {row['val_recall']:.3f} specificity {row['val_specificity']:.3f}"
    )
    if "loss" not in row:
        return f"{row['phase']}: {validated}"
    who = f"member {row['member']}, " if row["member"] else ""
    trained = f"loss {row['loss']:.3f} AUC {row['auc']:.4f}"
    return f"{who}{row['phase']} epoch {row['epoch']}: {trained} | {validated} | {row['seconds']:.0f} s"
