"""The tables of docs/performance.md, from the records in benchmarks/results.

    python benchmarks/page.py

Each table lies between two comments that name it; the words around them are written by hand and hold no numbers.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import machine

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
Record = dict[str, Any]


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; numbers to the right."""
    head, rows = list(head), [[str(cell) for cell in row] for row in rows]
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def where(record: Record) -> str:
    """One line on the machine a record was made on."""
    on = record["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in on["versions"].items() if name != "pneumoscope")
    sets = ", ".join(on["instructions"])
    return (
        f"{on['date']}, {on['processor']}, {on['cores']} cores ({sets}), {on['memory_gib']} GiB; "
        f"Python {on['python']}, {versions}. Load before the run: {on['load_before']}."
    )


def screening(record: Record) -> str:
    """Pneumoscope's rows against both loops and the limit of the hardware."""
    keras, onnx = record["keras_loop"], record["onnx_loop"]
    rows = [
        ("plain Keras: `load_img`, `predict`, one by one", f"{keras:.1f}", "1", f"{keras / onnx:.2f}", "", ""),
        ("plain ONNX Runtime float32, one by one", f"{onnx:.1f}", f"{onnx / keras:.1f}", "1", "", ""),
    ]
    for row in record["rows"]:
        rate = row["films_per_second"]
        share = f"{rate / row['limit']:.0%} of {row['limit']:.1f}"
        name = f"`pneumoscope screen`, {row['name']}"
        rows.append((name, f"{rate:.1f}", f"{rate / keras:.1f}", f"{rate / onnx:.1f}", share, f"{row['peak_mb']:.0f}"))
    head = ("", "films/s", "x plain Keras", "x plain ONNX Runtime", "of the limit", "peak MB")
    parts = [(row["name"], f"{row['decode_core_ms']:.1f}", f"{row['infer_core_ms']:.1f}") for row in record["rows"]]
    single = (
        f"One film, from process start to the printed result: {record['single_seconds']:.2f} s (median of 7), "
        f"{record['single_mb']:.0f} MB resident at most. Installed without extras, with the model: "
        f"{record['installed_mb']:.0f} MB."
    )
    costs = table(("core milliseconds per film", "decode and resize", "inference"), parts)
    return "\n\n".join((where(record), table(head, rows), costs, single))


def precision(record: Record) -> str:
    """Decisions that differ from the reference."""
    rows = [
        (
            row["name"],
            f"{row['set']} ({row['films']})",
            f"{row['largest_logit_difference']:.1e}",
            f"{row['largest_probability_difference']:.1e}",
            f"{row['auc_moved']:+.5f}",
            ", ".join(f"{name} {count}" for name, count in row["decisions_differ"].items()),
        )
        for row in record["rows"]
    ]
    head = ("", "films", "largest logit difference", "largest probability difference", "AUC moved", "decisions differ")
    return "\n\n".join((where(record), table(head, rows)))


TABLES: dict[str, Callable[[Record], str]] = {"screening": screening, "precision": precision}


def main() -> None:
    """Fill in every table whose record is there."""
    text = PAGE.read_text()
    for name, write in TABLES.items():
        path = machine.RESULTS / f"{name}.json"
        if not path.exists():
            print(f"{path}: no record yet; python benchmarks/{name}.py makes it")
            continue
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(start)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise SystemExit(f"{PAGE}: no place for the table {name!r}")
        text = f"{before}{start}\n\n{write(json.loads(path.read_text()))}\n\n{end}{after}"
    PAGE.write_text(text)
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
