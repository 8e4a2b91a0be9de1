"""The model card of the released bundle, and the figures of it that README.md shows.

    python -m experiments.test_set_audit.card --data DATASETS/chest_xray --out REPORT

writes the report of the validation radiographs and the official test into REPORT, docs/evidence/model-card.md from it,
and docs/figures/{roc-validation,confusion-official-test}.png. REPORT shows radiographs, so it stays where they are.
"""

import argparse
from collections import Counter
from pathlib import Path

from experiments.test_set_audit.kept import ROOT
from experiments.test_set_audit.scoring import released, score
from pneumoscope.data.layout import load
from pneumoscope.data.splits import divided
from pneumoscope.evaluation import Predictions, evaluate
from pneumoscope.evaluation.report.report import Subject, write
from pneumoscope.files import write_bytes, write_text
from pneumoscope.imaging import read, to_input

FIGURES = ("roc-validation", "confusion-official-test")


def main() -> None:
    """Judge the bundle on both sets and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the chest_xray folder of the public release")
    parser.add_argument("--out", type=Path, required=True, metavar="REPORT", help="folder for the report")
    asked = parser.parse_args()
    everything, session = load(asked.data), released()
    sets = {
        "Validation (held-out films of the training set)": [
            each for each in divided(everything).values() if each.split == "val"
        ],
        "Official test (624 films)": [each for each in everything if each.split == "test"],
    }
    judged, sizes = [], Counter[tuple[int, ...]]()
    for title, chosen in sets.items():
        radiographs = [read(each.path) for each in chosen]
        sizes.update(each.pixels.shape for each in radiographs)
        predictions = Predictions(tuple(chosen), score(session, [to_input(each) for each in radiographs]))
        judged.append(evaluate(predictions, session.card.rule, title, reference=title.startswith("Official")))
    write(judged, asked.out, Subject(session.card, session.sha256))
    card = (asked.out / "model-card.md").read_text(encoding="utf-8")
    write_text(ROOT / "docs" / "evidence" / "model-card.md", f"{card.rstrip()}\n\n{about(sizes)}\n")
    for name in FIGURES:
        write_bytes(ROOT / "docs" / "figures" / f"{name}.png", (asked.out / "figures" / f"{name}.png").read_bytes())


def about(sizes: Counter[tuple[int, ...]]) -> str:
    """What the card says of the files that were scored."""
    counted = ", ".join(f"{count:,} files of {height} x {width} pixels" for (height, width), count in sizes.items())
    return (
        "## The files that were scored\n\n"
        f"These results are of {counted}.\n"
        "They are a copy of the public release that an earlier publisher resized and encoded anew.\n"
        "Results that others report on the files as first published are not of the same pixels."
    )


if __name__ == "__main__":
    main()
