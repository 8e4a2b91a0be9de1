"""Markdown tables of closed campaigns: each from the sealed records of its folder."""

from dataclasses import replace

import numpy as np

from experiments import campaign
from experiments.networks import MEASURES, cells
from experiments.words import shown
from lab.markdown import table
from lab.scores import Scores, measured

SETS = ("left-out", "validation")


def number_blocks() -> str:
    """Five networks, each on the number block that it left out, and all on the same validation radiographs."""
    folds = campaign("number_blocks")
    lines = []
    for of in SETS:
        unseen = {name: folds.scores(name, of) for name in folds.names()}
        found = [measured(one) for one in unseen.values()]
        lines += [[name, f"{of}, {len(one)}", *cells(one)] for name, one in unseen.items()]
        spread = [[row[key] for row in found] for key in found[0]]
        lines.append(["mean", of, *_texts(np.mean(spread, axis=1))])
        lines.append(["standard deviation", of, *_texts(np.std(spread, axis=1, ddof=1))])
    lines.append([shown("logits of all, averaged"), "validation", *cells(averaged(list(unseen.values())))])
    return table(("run", "radiographs", *MEASURES), lines)


def averaged(members: list[Scores]) -> Scores:
    """The mean of the logits of several networks on the same radiographs."""
    return replace(members[0], logits=np.mean([one.logits for one in members], axis=0))


def _texts(values: np.ndarray) -> list[str]:
    loss, auc, *shares = values
    return [f"{loss:.3f}", f"{auc:.4f}", *(f"{share:.1%}" for share in shares)]


def lung_masked() -> str:
    """One fold fine-tuned without the lung mask and with it, on radiographs that it never saw."""
    lines = []
    for of in SETS:
        for name, what in (("finish/fold-0", "whole radiographs"), ("covered/fold-0", "lung-masked")):
            unseen = campaign("lung_masked").scores(name, of)
            lines.append([what, f"{of}, {len(unseen)}", *cells(unseen)])
    return table(("trained on, and read", "radiographs", *MEASURES), lines)


def collapse() -> str:
    """What the two naive trainings made of the validation radiographs, epoch by epoch."""
    lines = []
    for name in campaign("collapse").names():
        run = campaign("collapse").content("run", name)
        rate = run["config"]["recipe"]["finetune"][0]["learning_rate"]
        for row in run["history"]:
            shares = (f"{row[f'val_{key}']:.1%}" for key in ("recall", "specificity"))
            losses = (f"{row['loss']:,.2f}", f"{row['val_loss']:,.2f}", f"{row['val_auc']:.4f}")
            lines.append([f"{rate:g}, epoch {row['epoch']}", *losses, *shares])
    columns = ("learning rate", "training loss", "validation loss", "validation AUC", "recall", "specificity")
    return table(columns, lines)


VARIANTS = {
    "baseline-seed-0": "reference, seed 0",
    "baseline-seed-1": "reference, seed 1",
    "head-alone-on-frozen-features": "head alone, on frozen features",
    "no-change-of-sharpness": "no change of sharpness",
    "films-cropped-to-half-or-more": "crops of half the area or more",
    "BatchNormalization-trained-too": "BatchNormalization trained too",
    "baseline-seed-2": "reference, seed 2",
    "two-classes": "two classes",
    "all-but-the-lungs-covered-on-half-of-the-films": "lung-masked on half of the radiographs",
    "no-change-of-tone": "no change of tone",
    "opened-from-conv1": "trainable from conv1",
    "no-moving-average": "no moving average of the weights",
    "a-third-of-the-learning-rate": "a third of the learning rate",
    "twice-as-long": "twice as long",
    "labels-smoothed": "labels smoothed",
    "films-mixed-in-pairs": "radiographs mixed in pairs",
    "logits-adjusted-films-unweighed": "logits adjusted, radiographs unweighted",
    "half-the-rate-per-stage": "half the rate per stage",
    "ten-times-the-rate-for-the-head": "ten times the rate for the head",
    "tone-of-the-film-removed": "tone of the radiograph removed",
    "BatchNormalization-trained-then-measured-on-plain-films": "BatchNormalization trained, then re-estimated",
    "mean-of-the-baselines-weights": "weights of the references averaged",
}
"""Runs of the sweep, in the order of training, and what differs in each."""


def sweep() -> str:
    """One change at a time: validation radiographs, the left-out block, and that block stressed."""
    return table(
        (
            "variant",
            "log loss",
            "AUC",
            "three classes",
            "AUC, left-out",
            "AUC, stressed",
            "balanced accuracy, stressed",
            "minutes",
        ),
        (_variant(run, name) for run, name in VARIANTS.items()),
    )


def _variant(run: str, name: str) -> list[str]:
    kept = campaign("sweep")
    content = kept.content("run", run)
    validation, stressed = measured(kept.scores(run, "validation")), content["stressed"].values()
    balanced = np.mean([(row["recall"] + row["specificity"]) / 2 for row in stressed])
    # The left-out scores of averaged weights would be those of the members, which left out the same block.
    averaged = content["config"].get("mean_of")
    return [
        name,
        f"{validation['log_loss']:.3f}",
        f"{validation['auc']:.4f}",
        f"{validation['three_classes']:.1%}" if content["config"]["recipe"].get("subtypes", True) else "",
        "" if averaged else f"{measured(kept.scores(run, 'left-out'))['auc']:.4f}",
        f"{np.mean([row['auc'] for row in stressed]):.4f}",
        f"{balanced:.1%}",
        f"{sum(epoch['seconds'] for epoch in content['history']) / 60:.0f}",
    ]


VIEWS = {
    "the film alone": "the radiograph alone",
    "and mirrored": "and mirrored",
    "and 4% closer": "and 4% closer",
    "and turned by 5 degrees": "and turned by 5 degrees",
    "and turned back by 5": "and turned back by 5",
}


def views() -> str:
    """The mean of the logits over several views of a radiograph: one row for every mean."""
    lines = []
    for count, row in enumerate(campaign("views").content("views", "release 1.4.0")["rows"], 1):
        found = _texts(np.array([row[key] for key in ("log_loss", "auc", "recall", "specificity", "three_classes")]))
        lines.append([VIEWS[row["views"]], *found, f"x {count}"])
    return table(("mean over", *MEASURES, "inference"), lines)
