"""Test-set evaluations of several seeds of one recipe: how much is luck, and what all of them know together.

The records were made on the official test before it was closed; each evaluation is a row of the ledger.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments import campaign
from experiments.closed import averaged
from experiments.words import shown
from lab.campaign import Campaign
from lab.markdown import table
from lab.scores import measured

METRICS = (
    "accuracy",
    "recall",
    "specificity",
    "balanced_accuracy",
    "recall_viral",
    "three_class_accuracy",
    "auc",
)
DROP = "validation less test"


def seeds(folder: str, name: str, runs: str) -> str:
    """Markdown: one row a network, then mean and standard deviation, then the ensemble of all.

    Refits were trained on the validation radiographs, so they have no column of what is lost from those.

    Args:
        folder: the campaign with the evaluations.
        name: of the record.
        runs: the campaign with the runs.
    """
    record, kept = campaign(folder).content("test-set evaluation", name), campaign(runs)
    names = [row["name"] for row in record["bundles"]]
    found = {shown(row["name"]): _values(row, kept, [row["name"]]) for row in record["bundles"]}
    every = np.array(list(found.values()))
    found |= {"mean": every.mean(axis=0), "standard deviation": every.std(axis=0, ddof=1)}
    found[shown(record["together"]["name"])] = _values(record["together"], kept, names)
    known = ~np.isnan(every).any(axis=0)
    columns = [name.replace("_", " ") for name in (*METRICS, DROP)]
    lines = ([name, *_texts(values[known])] for name, values in found.items())
    return table(["network", *(name for name, there in zip(columns, known, strict=True) if there)], lines)


def _values(row: dict[str, Any], kept: Campaign, runs: list[str]) -> NDArray[np.float64]:
    """The METRICS, and the fall from the validation radiographs; NaN for runs that were trained on them."""
    metrics = row["point"]["metrics"] | row["ranking"]
    drop = float("nan")
    if not any("refit_of" in kept.content("run", run)["config"] for run in runs):
        unseen = measured(averaged([kept.scores(run, "validation") for run in runs]))
        drop = (unseen["recall"] + unseen["specificity"]) / 2 - metrics["balanced_accuracy"]["value"]
    return np.array([*(metrics[name]["value"] for name in METRICS), drop])


def _texts(values: NDArray[np.float64]) -> list[str]:
    auc = METRICS.index("auc")
    return [f"{value:.4f}" if place == auc else f"{value:.1%}" for place, value in enumerate(values)]
