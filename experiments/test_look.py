"""One look at the official test: every bundle of one frozen recipe, each at the operating points frozen in it.

    python experiments/test_look.py --data DATA BUNDLE [BUNDLE ...]

Writes records/test_look.json; looking again needs a new row in docs/evidence/test-looks.md first.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import records

RECORD = records.FOLDER / "test_look.json"
POINT = ("accuracy", "recall", "specificity", "balanced_accuracy")


def look(bundle: Path, data: Path) -> dict[str, Any]:
    """What ``pneumoscope evaluate`` says of one bundle, film by film left out."""
    line = [sys.executable, "-m", "pneumoscope", "evaluate", "--bundle", str(bundle), "--data", str(data)]
    ended = subprocess.run([*line, "--split", "test", "--json"], stdout=subprocess.PIPE, check=True)
    answer: dict[str, Any] = json.loads(ended.stdout)
    return {"bundle": bundle.stem, **{key: answer[key] for key in ("bundle_sha256", "counts", "ranking", "points")}}


def tables(record: dict[str, Any]) -> str:
    """Markdown: one row a bundle at its default operating point, then mean and standard deviation of the folds."""
    lines = [
        "| network | accuracy | recall | specificity | balanced accuracy | AUC | viral recall | three classes |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows = {row["bundle"]: _values(row) for row in record["bundles"]}
    for name, values in rows.items():
        lines.append(f"| {name} | " + " | ".join(_shown(values)) + " |")
    folds = np.array([values for name, values in rows.items() if name.startswith("fold")])
    if len(folds) > 1:
        for word, values in (("mean", folds.mean(axis=0)), ("standard deviation", folds.std(axis=0, ddof=1))):
            lines.append(f"| {word} of the {len(folds)} folds | " + " | ".join(_shown(list(values))) + " |")
    return "\n".join(lines)


def _values(row: dict[str, Any]) -> list[float]:
    point = row["points"][0]["metrics"]
    ranking = row["ranking"]
    found = [*(point[name] for name in POINT), ranking["auc"], point["recall_viral"], ranking["three_class_accuracy"]]
    return [entry["value"] for entry in found]


def _shown(values: list[float]) -> list[str]:
    return [f"{value:.4f}" if place == len(POINT) else f"{value:.1%}" for place, value in enumerate(values)]


def main() -> None:
    """Look, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("bundles", type=Path, nargs="+", metavar="BUNDLE")
    options = parser.parse_args()
    record = {"bundles": [look(bundle, options.data) for bundle in options.bundles]}
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    print(tables(record))


if __name__ == "__main__":
    main()
