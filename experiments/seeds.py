"""Many seeds of one recipe on the official test: how much of a result is luck.

    python experiments/seeds.py BUNDLE [BUNDLE ...]

Each bundle is what ``pneumoscope export`` made of the kept run records/runs/RECIPE/NAME, called NAME.onnx, and is
judged at the default operating point frozen in it. This looks at the official test: a row of
docs/evidence/test-looks.md. The record, seeds_RECIPE.json, keeps what ``pneumoscope evaluate`` says of each;
evidence.py makes the table.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import records
from sweep import measured

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import machine  # noqa: E402
from page import table  # noqa: E402

AT_POINT = ("accuracy", "recall", "specificity", "balanced_accuracy", "recall_viral")
RANKING = ("three_class_accuracy", "auc")
COLUMNS = ("network", *(name.replace("_", " ") for name in (*AT_POINT, *RANKING)), "validation less test")


def look(bundle: Path, data: Path) -> dict[str, Any]:
    """What ``pneumoscope evaluate`` says of one bundle, at its default operating point.

    Raises:
        subprocess.CalledProcessError: it ended with an error, and has said which.
    """
    asked = ("--bundle", str(bundle), "--data", str(data), "--split", "test", "--json")
    ended = subprocess.run(
        [sys.executable, "-m", "pneumoscope", "evaluate", *asked], stdout=subprocess.PIPE, check=True
    )
    answer = json.loads(ended.stdout)
    (point,) = [row for row in answer["points"] if row["name"] == answer["rule"]["default_operating_point"]]
    ranking = {name: answer["ranking"][name] for name in RANKING}
    return {"name": bundle.stem, "bundle_sha256": answer["bundle_sha256"], "point": point, "ranking": ranking}


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
    source = asked.data or machine.films("chest_xray")
    about = {"machine": machine.describe(), "commit": machine.commit(), "recipe": asked.recipe}
    record = about | {"bundles": [look(bundle, source) for bundle in asked.bundles]}
    (asked.out or record_of(asked.recipe)).write_text(json.dumps(record, indent=1) + "\n")
    print(tables(record))


def record_of(recipe: str) -> Path:
    """Where the record of a recipe's seeds is."""
    return records.FOLDER / f"seeds_{recipe}.json"


def tables(record: dict[str, Any]) -> str:
    """Markdown: one row a network, then the mean and the standard deviation of all.

    Refits, which have no validation films, have no column of what is lost from those.
    """
    rows = {row["name"]: _values(row, record["recipe"]) for row in record["bundles"]}
    every = np.array(list(rows.values()))
    rows |= {"mean": list(every.mean(axis=0)), "standard deviation": list(every.std(axis=0, ddof=1))}
    known = [0, *(1 + np.flatnonzero(~np.isnan(every).any(axis=0)))]
    lines = [[name, *_shown(values)] for name, values in rows.items()]
    return table([COLUMNS[place] for place in known], [[line[place] for place in known] for line in lines])


def _values(row: dict[str, Any], recipe: str) -> list[float]:
    metrics = row["point"]["metrics"] | row["ranking"]
    drop, kept = float("nan"), f"{recipe}/{row['name']}"
    if "refit_of" not in records.config(kept):
        unseen = measured(records.scores(kept, "validation"))
        drop = (unseen["recall"] + unseen["specificity"]) / 2 - metrics["balanced_accuracy"]["value"]
    return [*(metrics[name]["value"] for name in (*AT_POINT, *RANKING)), drop]


def _shown(values: list[float]) -> list[str]:
    auc = COLUMNS.index("auc") - 1
    return [f"{value:.4f}" if place == auc else f"{value:.1%}" for place, value in enumerate(values)]


if __name__ == "__main__":
    main()
