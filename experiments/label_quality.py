"""Which labels are doubtful? Confident learning on out-of-fold logits, by cleanlab.

    pip install '.[research]'
    python experiments/label_quality.py [--sheet FILE.png --data DIR]

Every film is scored by the kept fold that left it out. The record counts the confident joint (Northcutt et al. 2021,
arXiv:1911.00068) and lists the most doubtful labels. A doubtful label is a film to look at again, not a wrong label:
what the model cannot tell, such as bacterial from viral, looks doubtful too. Nothing is relabelled. ``tables`` makes
Markdown of the record; the sheet shows the films themselves and belongs in no repository.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import records
from PIL import Image, ImageDraw, ImageFont
from records import Scores
from scipy.special import softmax

from pneumoscope.decision.labels import CLASSES
from pneumoscope.errors import MissingExtraError, PneumoscopeError
from pneumoscope.imaging import INPUT_SIZE, read, to_input

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import machine  # noqa: E402
from page import table  # noqa: E402

RECORD = ROOT / "experiments" / "records" / "label_quality.json"
LISTED = 40
"""How many of the most doubtful labels a view lists."""

VIEWS = {"normal or pneumonia": (("normal",), ("bacterial", "viral")), "three classes": tuple((c,) for c in CLASSES)}
"""How the three classes are put together. The first is what screening decides."""

_COLUMNS, _CAPTION = 8, 34


def doubts(films: Scores, groups: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Find the doubtful labels in one view.

    Args:
        films: the out-of-fold logits.
        groups: the classes of CLASSES that count as one, for each class of the view.

    Returns:
        "classes": their names; "confident_joint": films by given label and confidently suggested one; "issues": how
        many labels cleanlab would prune; "doubtful": the LISTED ones that the model believes least, worst first, each
        with film, given, suggested, score (the probability of the given label) and issue (whether it would be pruned).

    Raises:
        MissingExtraError: cleanlab is not installed.
    """
    try:
        from cleanlab.count import compute_confident_joint
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError as error:
        raise MissingExtraError("label quality", "research") from error
    names = [group[0] if len(group) == 1 else "pneumonia" for group in groups]
    members = np.array([[name in group for group in groups] for name in CLASSES])
    labels, probabilities = members[films.classes].argmax(axis=1), softmax(films.logits, axis=1) @ members
    issues = find_label_issues(labels, probabilities, n_jobs=1)
    scores = get_label_quality_scores(labels, probabilities, method="self_confidence")
    suggested = probabilities.argmax(axis=1)
    rows = [
        {
            "film": str(films.films[i]),
            "given": names[labels[i]],
            "suggested": names[suggested[i]],
            "score": round(float(scores[i]), 6),
            "issue": bool(issues[i]),
        }
        for i in np.argsort(scores, kind="stable")[:LISTED]
    ]
    joint = compute_confident_joint(labels, probabilities, calibrate=False)
    return {"classes": names, "confident_joint": joint.tolist(), "issues": int(issues.sum()), "doubtful": rows}


def measure(films: Scores) -> dict[str, Any]:
    """Give the record's numbers: the films by class, and every view's doubts."""
    counts = np.bincount(films.classes, minlength=len(CLASSES))
    by_class = {name: int(count) for name, count in zip(CLASSES, counts, strict=True)}
    return {"by_class": by_class, "views": {name: doubts(films, groups) for name, groups in VIEWS.items()}}


def tables(record: Mapping[str, Any], most: int = 20) -> str:
    """Markdown: of every view the confident joint and the ``most`` most doubtful labels."""
    parts = []
    for view, found in record["views"].items():
        total = sum(record["by_class"].values())
        names = found["classes"]
        parts.append(f"**{view[0].upper()}{view[1:]}**: {found['issues']} of {total:,} labels would be pruned.")
        joint = zip(names, found["confident_joint"], strict=True)
        lines = [[name, *(f"{count:,}" for count in counts)] for name, counts in joint]
        parts.append(table(("given", *(f"surely {name}" for name in names)), lines))
        lines = []
        for row in found["doubtful"][:most]:
            chance = f"{row['score']:.1%}" if row["score"] >= 0.001 else "below 0.1%"
            lines.append([f"`{row['film']}`", row["given"], row["suggested"], chance, "yes" if row["issue"] else "no"])
        parts.append(table(("film", "given", "suggested", "probability of the given label", "pruned"), lines))
    return "\n\n".join(parts) + "\n"


def sheet(rows: Sequence[Mapping[str, Any]], data: Path) -> Image.Image:
    """Show the films of doubtful labels with what was given and suggested; for local use, never for a repository.

    Args:
        rows: the "doubtful" of a view.
        data: folder with the films, at any depth.

    Raises:
        NotAssessedError: a film cannot be read.
    """
    height = INPUT_SIZE + _CAPTION
    paths = {path.name: path for path in data.rglob("*") if path.is_file()}
    canvas = Image.new("RGB", (_COLUMNS * INPUT_SIZE, -(-len(rows) // _COLUMNS) * height))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(12)
    for place, row in enumerate(rows):
        left, top = place % _COLUMNS * INPUT_SIZE, place // _COLUMNS * height
        canvas.paste(Image.fromarray(to_input(read(paths[row["film"]]))), (left, top))
        text = f"{Path(row['film']).stem[:32]}\n{row['given']} ({row['score']:.1%}); model: {row['suggested']}"
        draw.multiline_text((left + 4, top + INPUT_SIZE + 3), text, fill=(235, 235, 235), font=font)
    return canvas


def out_of_fold() -> Scores:
    """Every film that a kept fold left out, as it scored it."""
    parts = [records.scores(name, "left-out") for name in records.kept(records.FOLDS)]
    return sum(parts[1:], parts[0])


def main(arguments: list[str] | None = None) -> None:
    """Measure, write the record, and the sheet where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=RECORD)
    parser.add_argument("--sheet", type=Path, help="also draw the films; patients are on it, never commit it")
    parser.add_argument("--view", choices=tuple(VIEWS), default=next(iter(VIEWS)), help="of the sheet")
    parser.add_argument("--data", type=Path, default=machine.DATA / "chest_xray", help="for the sheet")
    asked = parser.parse_args(arguments)
    found = measure(out_of_fold())
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    machine.record("label_quality", {"commit": machine.commit()} | found, asked.out)
    if asked.sheet:
        sheet(found["views"][asked.view]["doubtful"], asked.data).save(asked.sheet)


if __name__ == "__main__":
    try:
        main()
    except PneumoscopeError as problem:
        sys.exit(str(problem))
