"""One change to a short training at a time, each scored on the same left-out number block, as it is and stressed.

    python experiments/sweep.py --data DATA --weights FILE --out RUNS [--only NAME ...] [--cpus-per-run N]

Every variant is a run of its own below RUNS; what is finished is kept in records/runs/sweep/ and not trained again,
what was interrupted goes on. The films are so small, and the training so short, that the numbers compare with each
other and with nothing else. The baseline runs with several seeds: their spread is the noise of one comparison.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import records
from numpy.typing import NDArray
from PIL import Image
from records import Scores
from threshold_transfer import rates

from lab.stress import STRESSES
from pneumoscope.cli.train import cache
from pneumoscope.compute.cores import usable_cores
from pneumoscope.data.audit.shortcuts import auc
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import TrainingError
from pneumoscope.imaging import read, to_input
from pneumoscope.imaging.lung_field import covered
from pneumoscope.training.average import average
from pneumoscope.training.recipe import Phase, Recipe, recipe
from pneumoscope.training.run import Setting, by_digest, films_of, load_finished, load_model
from pneumoscope.training.sweep import train_many

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
from page import table  # noqa: E402

BLOCK = (0, 5)
"""The block of the lowest numbers, next to those of the official test, and the one that is hardest to read unseen."""

SCORED_AT = 80
"""Pixels a side; the films are trained on at 64, where crops make the chest larger."""

STRESSED_FILMS = 100
"""Of each label, from the left-out block."""

_SHORT = replace(
    recipe("default"),
    name="sweep",
    head=replace(recipe("default").head, size=64),
    finetune=(Phase("unfrozen, 64 px", "conv3", epochs=3, learning_rate=1.5e-4, size=64),),
    scored_at=SCORED_AT,
)


def _phase(**changes: Any) -> Recipe:
    return replace(_SHORT, finetune=(replace(_SHORT.finetune[0], **changes),))


def _films(**changes: Any) -> Recipe:
    return replace(_SHORT, augmentation=replace(_SHORT.augmentation, **changes))


VARIANTS: dict[str, tuple[Recipe, int]] = {
    "baseline, seed 0": (_SHORT, 0),
    "baseline, seed 1": (_SHORT, 1),
    "head alone, on frozen features": (replace(_SHORT, finetune=()), 0),
    "no change of sharpness": (_films(sharpness=0.0), 0),
    "films cropped to half or more": (_films(crop_area=(0.5, 1.0)), 0),
    "BatchNormalization trained too": (replace(_SHORT, batchnorm=True), 0),
    "baseline, seed 2": (_SHORT, 2),
    "two classes": (replace(_SHORT, subtypes=False), 0),
    "all but the lungs covered on half of the films": (_films(lungs_alone=0.5), 0),
    "no change of tone": (_films(tone=0.0), 0),
    "opened from conv1": (_phase(opened="conv1"), 0),
    "no moving average": (replace(_SHORT, ema=0.0), 0),
    "a third of the learning rate": (_phase(learning_rate=5e-5), 0),
    "twice as long": (_phase(epochs=6), 0),
}
"""What is tried, and with which seed; in the order of training."""

TRIED = (
    "labels smoothed",
    "films mixed in pairs",
    "logits adjusted, films unweighed",
    "half the rate per stage",
    "ten times the rate for the head",
    "tone of the film removed",
    "BatchNormalization trained, then measured on plain films",
)
"""Trained by the code of commit 24f615d, which was taken out again: their records are kept."""

MEAN = "mean of the baselines' weights"


def slug(name: str) -> str:
    """A variant's name as a folder's."""
    return name.replace("'", "").replace(", ", "-").replace(" ", "-")


def kept(name: str) -> bool:
    """Whether a variant's record is there."""
    return (records.RUNS / "sweep" / slug(name) / "stressed.json").exists()


def main() -> None:
    """Train what is missing and keep what has finished."""
    options = _options()
    settings = {
        options.out / slug(name): Setting(options.data, changed, seed, options.weights, cache(), BLOCK)
        for name, (changed, seed) in VARIANTS.items()
        if (not options.only or name in options.only) and not kept(name)
    }
    plain = Setting(options.data, _SHORT, 0, options.weights, cache(), BLOCK)
    films = {
        cover: stressed_films(plain, cover=cover)
        for cover in {False} | {setting.recipe.covered for setting in settings.values()}
    }
    for outcome in train_many(settings, usable_cores(), options.cpus_per_run):
        print(outcome.folder.name, outcome.state, f"{outcome.seconds:.0f} s", outcome.explanation, flush=True)
        if outcome.state == "finished":
            keep(outcome.folder, films[settings[outcome.folder].recipe.covered])
    baselines = [options.out / slug(name) for name in VARIANTS if name.startswith("baseline")]
    if not kept(MEAN) and all((folder / "checksums.json").exists() for folder in baselines):
        average(baselines, options.out / slug(MEAN), cache(), lambda what, done, total: None)
        keep(options.out / slug(MEAN), films[False])


def keep(run: Path, films: Mapping[str, tuple[NDArray[np.float32], NDArray[np.bool_]]]) -> None:
    """Keep a run, and what its network makes of the stressed films."""
    model = load_model(load_finished(run))
    rows = {}
    for stress, (pixels, positive) in films.items():
        parts = [model.predict_on_batch(part[..., None]) for part in np.array_split(pixels, 8)]
        score = np.asarray(pneumonia_score(np.concatenate(parts)), dtype=np.float64)
        recall, specificity = rates(score, positive, 0.0)
        rows[stress] = {"auc": auc(positive, score), "recall": recall, "specificity": specificity}
    folder = records.keep(run, f"sweep/{run.name}")
    (folder / "stressed.json").write_text(json.dumps(rows, indent=1) + "\n")


def stressed_films(setting: Setting, *, cover: bool) -> dict[str, tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Films of the left-out block under the two middle doses of every stress, covered around the lungs after it if so.

    Returns:
        By stress and dose, float32 (N, SCORED_AT, SCORED_AT) and whether each is pneumonia (N,).
    """
    left_out = by_digest(films_of(setting), "left-out")
    chosen = []
    for positive in (False, True):
        among = [film for film in left_out if film.positive == positive]
        if len(among) < STRESSED_FILMS:
            raise TrainingError(f"{setting.source}: the left-out block has only {len(among)} films of one label")
        chosen += [among[i * len(among) // STRESSED_FILMS] for i in range(STRESSED_FILMS)]
    plain, labels = [to_input(read(film.path)) for film in chosen], np.array([film.positive for film in chosen])

    def small(film: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen = Image.fromarray(covered(film) if cover else film)
        return np.asarray(seen.resize((SCORED_AT, SCORED_AT), Image.Resampling.BILINEAR), dtype=np.float32)

    return {
        f"{stress.name}: {strength}": (np.stack([small(stress.apply(film, dose)) for film in plain]), labels)
        for stress in STRESSES
        for strength, dose in list(stress.doses.items())[1:3]
    }


def tables() -> str:
    """Markdown: one row a variant, on the validation films, the left-out block, and the block's stressed films."""
    rows = []
    for name in (*VARIANTS, *TRIED, MEAN):
        if not kept(name):
            continue
        record = f"sweep/{slug(name)}"
        stressed = json.loads((records.RUNS / record / "stressed.json").read_text()).values()
        validation = measured(records.scores(record, "validation"))
        three_classes = f"{validation['three_classes']:.1%}" if name != "two classes" else ""
        cells = [f"{validation['log_loss']:.3f}", f"{validation['auc']:.4f}", three_classes]
        # The mean's left-out scores would be those of its members: each run here left out the same block.
        cells.append("" if name == MEAN else f"{measured(records.scores(record, 'left-out'))['auc']:.4f}")
        cells.append(f"{np.mean([row['auc'] for row in stressed]):.4f}")
        cells.append(f"{np.mean([(row['recall'] + row['specificity']) / 2 for row in stressed]):.1%}")
        minutes = sum(epoch["seconds"] for epoch in records.history(record)) / 60
        rows.append([name, *cells, f"{minutes:.0f}"])
    return table(COLUMNS, rows)


COLUMNS = (
    "variant",
    "log loss",
    "AUC",
    "three classes",
    "AUC, left-out",
    "AUC, stressed",
    "balanced accuracy, stressed",
    "minutes",
)


def measured(unseen: Scores) -> dict[str, float]:
    """What a network makes of films it never saw: both classes weigh the same in the loss, whatever their number."""
    score, positive = unseen.score, unseen.positive
    loss = np.logaddexp(0, np.where(positive, -score, score))
    recall, specificity = rates(score, positive, 0.0)
    return {
        "log_loss": float((loss[positive].mean() + loss[~positive].mean()) / 2),
        "auc": auc(positive, score),
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
