"""The tables of README.md, from record.json.

python -m experiments.test_set_audit.table
"""

import json
from pathlib import Path
from typing import Any

from pneumoscope.files import write_text

FOLDER = Path(__file__).parent
START, END = "<!-- results -->", "<!-- end of results -->"


def fill() -> None:
    """Write the tables into README.md."""
    page = FOLDER / "README.md"
    write_text(page, filled(page.read_text(encoding="utf-8")))


def filled(text: str) -> str:
    """The page with its tables as the record makes them."""
    record = json.loads((FOLDER / "record.json").read_text(encoding="utf-8"))
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    return f"{before}{START}\n\n{tables(record)}\n\n{END}{after}"


def tables(record: dict[str, Any]) -> str:
    """Markdown: one row an answer, then the tables that a row cannot hold."""
    alarms, spec = record["false alarms"], record["false alarms"]["specificity"]
    train, test = record["stamp"]["counts"]["train"], record["stamp"]["counts"]["test"]
    by_release = alarms["false alarms of each release at score 0"]
    called, viral = record["viral"]["at .5"]["called"], record["viral"]["chosen on validation"]
    answer = record["viral"]["at .5"]
    box, most_likely = record["validation"], record["viral"]["false alarms whose most likely class is viral"]
    rows = [
        ("Specificity in the run", _share(spec["in the run"])),
        ("Specificity elsewhere", _share(spec["elsewhere"])),
        ("Specificity on stamped radiographs", _share(spec["stamped"])),
        ("Specificity on the others", _share(spec["not stamped"])),
        ("Stamped in train: normal / bacterial / viral", _counts(train)),
        ("Stamped in the test: normal / bacterial / viral", _counts(test)),
        (
            "Such a run by accident",
            f"{alarms['permutations that reach it']} of {alarms['permutations']:,} permutations",
        ),
        (
            "False alarms in the run / elsewhere, by release",
            "; ".join(f"{name}: {row['in the run']} / {row['elsewhere']}" for name, row in by_release.items()),
        ),
        ("Accuracy, balanced accuracy, AUC: all 624", _summary(record["test"])),
        ("The same without the run", _summary(record["without the run"])),
        (
            "Called viral at 0.500: viral / bacterial / normal",
            f"{called['viral']} / {called['bacterial']} / {called['normal']}",
        ),
        (
            "Recall and precision of that",
            f"{answer['metrics']['viral_recall']['value']:.1%}, {answer['metrics']['viral_precision']['value']:.1%}",
        ),
        (
            "False alarms called viral at 0.500 / most likely viral",
            f"{answer['false_alarms_called_viral']} / {most_likely} of {answer['false_alarms']}",
        ),
        (
            f"Viral threshold of recall .90 on validation, {viral['threshold']:.3f}",
            f"recall {viral['recall']:.1%}, precision {viral['precision']:.1%}; "
            f"{viral['called']['normal']} normals and {viral['called']['bacterial']} bacterials called viral",
        ),
        ("Letterboxed validation radiographs: recall, specificity", _pair(box["letterboxed"])),
        ("The same as they are", _pair(box["as they are"])),
    ]
    parts = [_table(("question", "answer"), rows), _intervals(record), _calibration(record), _bands(record)]
    return "\n\n".join([*parts, _kept(record), _releases(record), _selection(record)])


def _share(row: dict[str, Any]) -> str:
    return f"{row['value']:.1%} ({row['cleared']} of {row['of']})"


def _counts(row: dict[str, int]) -> str:
    return " / ".join(str(row.get(name, 0)) for name in ("normal", "bacterial", "viral"))


def _summary(row: dict[str, float]) -> str:
    return f"{row['accuracy']:.1%}, {row['balanced_accuracy']:.1%}, {row['auc']:.4f}"


def _pair(row: dict[str, float]) -> str:
    return f"{row['recall']:.1%}, {row['specificity']:.1%}"


def _intervals(record: dict[str, Any]) -> str:
    names = ("accuracy", "recall", "specificity", "balanced_accuracy", "auc")

    def cell(name: str, estimate: dict[str, float]) -> str:
        if name == "auc":
            return f"{estimate['low']:.3f} to {estimate['high']:.3f}"
        return f"{100 * estimate['low']:.1f} to {estimate['high']:.1%}"

    rows = [(way, *(cell(name, found[name]) for name in names)) for way, found in record["intervals"].items()]
    return _table(("95% interval, resampling", *(name.replace("_", " ") for name in names)), rows)


def _calibration(record: dict[str, Any]) -> str:
    rows = [
        (f"{kind}, {of}", *(f"{value:.3f}" for value in measured.values()))
        for of, kinds in record["calibration"].items()
        for kind, measured in kinds.items()
    ]
    return _table(("probability", "calibration error", "Brier score", "log loss"), rows)


def _bands(record: dict[str, Any]) -> str:
    rows = [
        (f"{row['from']:.3f} to {row['to']:.3f}", row["radiographs"], row["pneumonias"])
        for row in record["probability bands on the test"]
    ]
    return _table(("shown probability, test", "radiographs", "pneumonias"), rows)


def _kept(record: dict[str, Any]) -> str:
    rows = [
        (
            f"{row['kept']}, the rest {row['fill']}",
            f"{row['auc']:.3f}",
            f"{row['recall']:.1%}",
            f"{row['specificity']:.1%}",
        )
        for row in record["parts kept on the test"]
    ]
    return _table(("test, kept", "AUC", "recall at score 0", "specificity at score 0"), rows)


def _releases(record: dict[str, Any]) -> str:
    rows = [
        (name, row["1.4.0 alone right"], row["alone right"], f"{row['p']:.2g}", f"{row['correlation of errors']:.2f}")
        for name, row in record["releases"].items()
    ]
    head = ("1.4.0 against", "1.4.0 alone right", "the other alone right", "exact McNemar p", "correlation of errors")
    return _table(head, rows)


def _selection(record: dict[str, Any]) -> str:
    rows = [
        (row["networks"], f"{row['correlation of errors']:.2f}", f"{100 * row['bias']:.1f}")
        for row in record["selection"]
    ]
    return _table(("best of", "correlation of errors", "flattery in points of balanced accuracy"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


if __name__ == "__main__":
    fill()
