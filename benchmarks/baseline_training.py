"""The recipe ``baseline`` on the radiographs of a manifest, with a clock beside it: our side of ``training``.

    python -m benchmarks.baseline_training --data FILMS.csv --weights WEIGHTS.h5 --run NEW_FOLDER --out RESULT.json

What runs is ``pneumoscope.training.run.train``, as ``pneumoscope train`` calls it. The clock hears what the command
would show: the progress calls and the history. Radiographs are packed anew, into a cache inside NEW_FOLDER's parent.
"""

import time

STARTED = time.monotonic()

import argparse  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
from collections import defaultdict  # noqa: E402
from pathlib import Path  # noqa: E402
from statistics import median  # noqa: E402
from typing import Any  # noqa: E402

RECIPE = "baseline"
"""The two phases that the peer trains too."""

STARTS = {
    "packing": "radiographs listed and hashed",
    "features": "network built, features started",
    "head": "head",
    "steps": "checkpoint saved, step compiled",
    "validation": "validation started",
}
"""Where the time goes that passes before the first sign of a stage, less what one sign of it usually takes."""


class Clock:
    """Adds up where the time goes, from the outside: every interval belongs to the sign that ends it."""

    def __init__(self) -> None:
        self.last, self.stage = time.monotonic(), ""
        self.first: list[tuple[str, float]] = []
        self.usual: dict[str, list[float]] = defaultdict(list)
        self.steps: dict[str, list[float]] = defaultdict(list)
        self.epochs: list[dict[str, Any]] = []

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Hear one step of a stage."""
        if stage := next((name for name in ("packing", "features") if name in what), None):
            self._hear(stage)
        elif what == "validating":
            self._hear("validation")
        elif seconds := self._hear("steps"):
            phase = what.partition("  ")[0].rpartition(" ")[0]  # "unfrozen, 128 px 1/4  loss 0.123  AUC 0.9876"
            self.steps[phase].append(seconds)

    def on_epoch(self, history: list[dict[str, Any]]) -> None:
        """Hear that an epoch was validated; before the first step of all these are epochs of the head."""
        if not self.steps:
            self._hear("head")
        now = time.monotonic() - STARTED
        self.epochs.extend(row | {"validated_at": now} for row in history[len(self.epochs) :])

    def profile(self) -> dict[str, float]:
        """Seconds by what they went into."""
        seconds = {name: sum(values) for name, values in self.usual.items()}
        firsts = {stage: min(seconds for name, seconds in self.first if name == stage) for stage, _ in self.first}
        for stage, first in self.first:
            usual = min(first, median(self.usual[stage]) if self.usual[stage] else firsts[stage])
            seconds[stage] = seconds.get(stage, 0.0) + usual
            seconds[STARTS[stage]] = seconds.get(STARTS[stage], 0.0) + first - usual
        return {name: value for name, value in seconds.items() if value}

    def _hear(self, stage: str) -> float:
        """Book the time since the last sign; gives it unless it is the first of a stage."""
        now = time.monotonic()
        seconds, self.last = now - self.last, now
        if stage != self.stage:
            self.stage = stage
            self.first.append((stage, seconds))
            return 0.0
        self.usual[stage].append(seconds)
        return seconds


def main() -> None:
    """Train and write what happened when."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    from pneumoscope.network.backend import import_keras
    from pneumoscope.training.config import Setting
    from pneumoscope.training.loop.listener import Listener
    from pneumoscope.training.recipes import RECIPES
    from pneumoscope.training.run import train
    from pneumoscope.training.run_folder import load_finished

    import_keras()
    imported = time.monotonic() - STARTED
    chosen = RECIPES[RECIPE]
    setting = Setting(options.data, chosen, options.seed, options.weights, options.run.parent / "cache")
    clock = Clock()
    train(setting, options.run, Listener(progress=clock.progress, epoch_ended=clock.on_epoch))
    finished = time.monotonic()
    run = load_finished(options.run)
    head = [row["validated_at"] for row in clock.epochs if chosen.head and row["phase"] == chosen.head.name]
    result = {
        "imported_at": imported,
        "head_done_at": head[-1],
        "finished_at": finished - STARTED,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "films": run.config.radiographs,
        "precision": run.config.precision,
        "backend": run.config.backend,
        "epochs": clock.epochs,
        "images_per_second": {phase: chosen.batch / median(values) for phase, values in clock.steps.items()},
        "profile": {"import": imported} | clock.profile() | {"weights and logits written": finished - clock.last},
    }
    options.out.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
