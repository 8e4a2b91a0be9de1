"""Put what the rules of the fifth and later amendments look at into one record.

    python -m experiments.hospitals.heads.judged NETWORK[:HEAD]=HEADS.json ... --released CANDIDATES.json
        --out RECORD.json

HEADS.json is from ``experiments.hospitals.heads``; HEAD says which head was fitted there, "refitted" where nothing is
said. The own head of a network stands once in the record. CANDIDATES.json is from ``experiments.hospitals.candidates``
with the released bundle alone.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from experiments.command import output
from experiments.hospitals.heads.refits import judge
from experiments.hospitals.measure import by_group, worst_pair
from experiments.hospitals.sources import COHEN
from lab.machine import write_record
from pneumoscope.errors import DataError


def judged(name: str, head: str, found: dict[str, Any]) -> dict[str, Any]:
    """What ``refits.judge`` says of a network, with more AUCs, the specificity within nih, and a worst pair.

    That worst pair leaves out cohen, some of whose held-out films the release 2.0.0 was trained on.
    """
    rows = by_group(found["rows"])
    more = {
        "auc_home": rows["home", "all"]["auc"]["value"],
        "auc_lungs": rows["rsna_lungs", "all"]["auc"]["value"],
        "specificity_nih": rows["nih", "all"]["specificity"]["value"],
        "worst_pair_without_cohen": worst_pair(row for row in found["rows"] if row["source"] != COHEN)[0],
    }
    return {"network": name, "head": head} | judge(found) | more


def candidates(files: Iterable[tuple[str, Path]]) -> list[dict[str, Any]]:
    """The own head of each network, and those that were fitted to it.

    Raises:
        DataError: two files say different things of the own head of a network.
    """
    rows, own = [], dict[str, Any]()
    for name, path in files:
        network, _, head = name.partition(":")
        found = msgspec.json.decode(path.read_bytes())
        if network not in own:
            rows.append(judged(network, "own", found["network"]))
        if own.setdefault(network, found["network"]) != found["network"]:
            raise DataError(f"{path}: its own head is not that of the first file of {network}")
        rows.append(judged(network, head or "refitted", found["all"]))
    return rows


def main() -> None:
    """Read, judge, write, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("heads", nargs="+", metavar="NETWORK[:HEAD]=HEADS.json")
    parser.add_argument("--released", type=Path, required=True, metavar="CANDIDATES.json")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    options = parser.parse_args()
    pairs = [pair.split("=", 1) for pair in options.heads]
    released: dict[str, Any] = msgspec.json.decode(options.released.read_bytes())
    rows = [judged(name, "released", found) for name, found in released.items() if "rows" in found]
    rows += candidates((name, Path(path)) for name, path in pairs)
    write_record(options.out, {"candidates": rows})
    for row in rows:
        passes = "passes" if row["passes"] else "fails"
        worst = f"{row['worst_pair']:.3f} ({row['worst_pair_without_cohen']:.3f} without cohen)"
        print(f"{row['network']:12} {row['head']:12}  worst pair {worst}  {passes}")


if __name__ == "__main__":
    main()
