"""Many seeds of one recipe on the official test: how much of a result is luck, and what all of them know together.

    python experiments/seeds.py BUNDLE [BUNDLE ...] --recipe RECIPE

Each bundle is what ``pneumoscope export`` made of the kept run records/runs/RECIPE/NAME, called NAME.onnx, and is
judged at the default operating point frozen in it; the mean of all logits is judged at its own .5. This looks at the
official test: rows of docs/evidence/test-looks.md. The record, seeds_RECIPE.json, keeps what was found of each;
evidence.py makes the table.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import records
from sweep import measured

from pneumoscope.cli.evaluate import predictions_of
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load, sha256
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.errors import PneumoscopeError, TrainingError
from pneumoscope.evaluation import DecisionRule, Evaluation, evaluate
from pneumoscope.screening.screener import Screener

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import machine  # noqa: E402
from page import table  # noqa: E402

AT_POINT = ("accuracy", "recall", "specificity", "balanced_accuracy", "recall_viral")
RANKING = ("three_class_accuracy", "auc")
TOGETHER = "logits of all, averaged"
OWN_HALF = DecisionRule(Calibration(1.0, 0.0), (OperatingPoint("own", 0.5, "the score 0"),), "own")
COLUMNS = ("network", *(name.replace("_", " ") for name in (*AT_POINT, *RANKING)), "validation less test")


def look(bundle: Path, films: list[LabelledRadiograph]) -> Evaluation:
    """What ``pneumoscope evaluate`` finds of one bundle.

    Raises:
        TrainingError: the input gate refuses a film.
    """
    screener = Screener(bundle)
    predictions = predictions_of(screener, films, lambda what, done, total: None)
    if predictions.not_assessed:
        refused = predictions.not_assessed[0].film.path
        raise TrainingError(f"{refused} cannot be assessed; without it the seeds would not compare with others'")
    return evaluate(predictions, DecisionRule.of(screener.card), bundle.stem)


def together(members: Sequence[Evaluation]) -> Evaluation:
    """The mean of the members' logits, at the score 0: at as many times the cost, what all of them know."""
    logits = np.mean([member.predictions.logits for member in members], axis=0)
    return evaluate(replace(members[0].predictions, logits=logits), OWN_HALF, TOGETHER)


def main(arguments: list[str] | None = None) -> None:
    """Look, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundles", type=Path, nargs="+", metavar="BUNDLE")
    parser.add_argument("--recipe", required=True, help="where the runs are kept below records/runs")
    parser.add_argument("--data", type=Path, help="films with labels, as for training")
    parser.add_argument("--out", type=Path, help="the record (default: records/seeds_RECIPE.json)")
    asked = parser.parse_args(arguments)
    for bundle in asked.bundles:
        if not bundle.is_file() or not (records.RUNS / asked.recipe / bundle.stem / "config.json").exists():
            parser.error(f"{bundle}: no such bundle, or its run is not kept as {asked.recipe}/{bundle.stem}")
    films = [film for film in load(asked.data or machine.films("chest_xray")) if film.split == "test"]
    members = [look(bundle, films) for bundle in asked.bundles]
    record = {
        "machine": machine.describe(),
        "commit": machine.commit(),
        "recipe": asked.recipe,
        "bundles": [
            {"bundle_sha256": sha256(bundle)} | _kept(member)
            for bundle, member in zip(asked.bundles, members, strict=True)
        ],
        "together": _kept(together(members)),
    }
    (asked.out or record_of(asked.recipe)).write_text(json.dumps(record, indent=1) + "\n")
    print(tables(record))


def _kept(evaluation: Evaluation) -> dict[str, Any]:
    found, default = evaluation.to_json(), evaluation.rule.default
    (point,) = [row for row in found["points"] if row["name"] == default]
    return {"name": evaluation.title, "point": point, "ranking": {name: found["ranking"][name] for name in RANKING}}


def record_of(recipe: str) -> Path:
    """Where the record of a recipe's seeds is."""
    return records.FOLDER / f"seeds_{recipe}.json"


def tables(record: dict[str, Any]) -> str:
    """Markdown: one row a network, then the mean and the standard deviation of all.

    Refits, which have no validation films, have no column of what is lost from those.
    """
    kept = [f"{record['recipe']}/{row['name']}" for row in record["bundles"]]
    rows = {row["name"]: _values(row, [run]) for row, run in zip(record["bundles"], kept, strict=True)}
    every = np.array(list(rows.values()))
    rows |= {"mean": list(every.mean(axis=0)), "standard deviation": list(every.std(axis=0, ddof=1))}
    rows[TOGETHER] = _values(record["together"], kept)
    known = [0, *(1 + np.flatnonzero(~np.isnan(every).any(axis=0)))]
    lines = [[name, *_shown(values)] for name, values in rows.items()]
    return table([COLUMNS[place] for place in known], [[line[place] for place in known] for line in lines])


def _values(row: dict[str, Any], runs: Sequence[str]) -> list[float]:
    """What was found on the test, and the fall from the validation films, whose logits are the mean over ``runs``."""
    metrics, drop = row["point"]["metrics"] | row["ranking"], float("nan")
    if not any("refit_of" in records.config(run) for run in runs):
        scores = [records.scores(run, "validation") for run in runs]
        unseen = measured(replace(scores[0], logits=np.mean([films.logits for films in scores], axis=0)))
        drop = (unseen["recall"] + unseen["specificity"]) / 2 - metrics["balanced_accuracy"]["value"]
    return [*(metrics[name]["value"] for name in (*AT_POINT, *RANKING)), drop]


def _shown(values: list[float]) -> list[str]:
    auc = COLUMNS.index("auc") - 1
    return [f"{value:.4f}" if place == auc else f"{value:.1%}" for place, value in enumerate(values)]


if __name__ == "__main__":
    try:
        main()
    except PneumoscopeError as problem:
        sys.exit(str(problem))
