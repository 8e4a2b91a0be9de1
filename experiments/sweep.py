"""One change to the small recipe at a time, each trained and scored on the same left-out number block.

    python experiments/sweep.py --data DATA --weights FILE --out RUNS [--only NAME ...] [--cpus-per-run N]

Every variant is a run of its own below RUNS; what is finished is kept in records/runs/sweep/ and not trained again,
what was interrupted goes on. A variant trains for half as long as the small recipe, so its
numbers compare with each other and with nothing else. The baseline runs with several seeds: their spread is the noise
of one comparison.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import records
from records import Scores
from threshold_transfer import rates

from pneumoscope.cli.train import cache
from pneumoscope.processor import usable_cores
from pneumoscope.training.many import train_many
from pneumoscope.training.recipe import Recipe, recipe
from pneumoscope.training.run import Setting

BLOCKS = 5
SCORED_AT = 112
"""Size in pixels near that of training, as of the kept folds: networks trained on small films misread larger ones."""
_SMALL = recipe("small")
_SHORT = replace(_SMALL, name="sweep", finetune=(replace(_SMALL.finetune[0], epochs=2),))


def _phase(**changes: Any) -> Recipe:
    return replace(_SHORT, finetune=(replace(_SHORT.finetune[0], **changes),))


VARIANTS: dict[str, tuple[Recipe, int]] = {
    "baseline, seed 0": (_SHORT, 0),
    "baseline, seed 1": (_SHORT, 1),
    "no change of sharpness": (replace(_SHORT, augmentation=replace(_SMALL.augmentation, sharpness=0.0)), 0),
    "crops of half the film or more": (
        replace(_SHORT, augmentation=replace(_SMALL.augmentation, crop_area=(0.5, 1.0))),
        0,
    ),
    "two classes": (replace(_SHORT, subtypes=False), 0),
    "no moving average": (replace(_SHORT, ema=0.0), 0),
    "baseline, seed 2": (_SHORT, 2),
    "no change of tone": (replace(_SHORT, augmentation=replace(_SMALL.augmentation, tone=0.0)), 0),
    "opened from conv4": (_phase(opened="conv4"), 0),
    "a third of the learning rate": (_phase(learning_rate=5e-5), 0),
    "batch of 64": (replace(_SHORT, batch=64), 0),
    "128 px": (_phase(size=128), 0),
}
"""What is tried, and with which seed; in the order of training."""


def slug(name: str) -> str:
    """A variant's name as a folder's."""
    return name.replace(", ", "-").replace(" ", "-")


def main() -> None:
    """Train what is missing and keep what has finished."""
    options = _options()
    settings = {
        options.out / slug(name): Setting(options.data, changed, seed, options.weights, cache(), (0, BLOCKS))
        for name, (changed, seed) in VARIANTS.items()
        if (not options.only or name in options.only) and not (records.RUNS / "sweep" / slug(name)).exists()
    }
    for outcome in train_many(settings, usable_cores(), options.cpus_per_run):
        print(outcome.folder.name, outcome.state, f"{outcome.seconds:.0f} s", outcome.explanation, flush=True)
        if outcome.state == "finished":
            records.keep(outcome.folder, f"sweep/{outcome.folder.name}", SCORED_AT)


def tables() -> str:
    """Markdown: one row a variant, over the films of the left-out block and the validation blocks."""
    lines = [
        "| variant | log loss | AUC | balanced accuracy at score 0 | three classes | minutes |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in VARIANTS:
        kept = f"sweep/{slug(name)}"
        if (records.RUNS / kept).exists():
            row = measured(records.scores(kept, "validation") + records.scores(kept, "left-out"))
            balanced = (row["recall"] + row["specificity"]) / 2
            minutes = sum(epoch["seconds"] for epoch in records.history(kept)) / 60
            lines.append(
                f"| {name} | {row['log_loss']:.3f} | {row['auc']:.4f} | {balanced:.1%} | "
                f"{row['three_classes']:.1%} | {minutes:.0f} |"
            )
    return "\n".join(lines)


def measured(unseen: Scores) -> dict[str, float]:
    """What a network makes of films it never saw: both classes weigh the same in the loss, whatever their number."""
    from sklearn.metrics import roc_auc_score

    score, positive = unseen.score, unseen.positive
    loss = np.logaddexp(0, np.where(positive, -score, score))
    recall, specificity = rates(score, positive, 0.0)
    return {
        "log_loss": float((loss[positive].mean() + loss[~positive].mean()) / 2),
        "auc": float(roc_auc_score(positive, score)),
        "recall": recall,
        "specificity": specificity,
        "three_classes": float((unseen.logits.argmax(axis=1) == unseen.classes).mean()),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=VARIANTS, metavar="NAME")
    parser.add_argument("--cpus-per-run", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
