"""How many false alarms of the released bundle lie among the films of one X-ray system.

    python -m experiments.test_set_audit.one_system

It counts in the kept findings of the official test (docs/evidence/test-screening.csv): the run of consecutive normal
films that ``measure`` names, against all other normals.
"""

import csv

from experiments.test_set_audit.kept import ROOT, SCREENING
from experiments.test_set_audit.measure import RUN


def count() -> dict[bool, tuple[int, int]]:
    """Normals that are not called pneumonia, and all normals: in the run (True) and elsewhere (False)."""
    counted = {True: (0, 0), False: (0, 0)}
    with (ROOT / SCREENING).open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            folder, _, name = row["source"].partition("/")
            if folder == "NORMAL":
                there = _in_run(name)
                right, films = counted[there]
                counted[there] = (right + (row["finding"] != "pneumonia"), films + 1)
    return counted


def _in_run(name: str) -> bool:
    start = f"{RUN[0].partition('/')[2]}-"
    number = name.removeprefix(start).partition("-")[0]
    return name.startswith(start) and RUN[1] <= int(number) <= RUN[2]


def sentence() -> str:
    """What README.md says of it."""
    (right, films), (others_right, others) = count()[True], count()[False]
    alarms = films - right + others - others_right
    return (
        f"{films - right} of the {alarms} false alarms on the test lie among {films} consecutive normal films. "
        f"{right / films:.0%} of those are not called pneumonia, and {others_right / others:.0%} of the others."
    )


if __name__ == "__main__":
    print(sentence())
