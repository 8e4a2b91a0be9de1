"""The tables of docs/performance.md, from the records in benchmarks/results.

    python -m benchmarks.page

Each table lies between two comments that name it. The words around them are written by hand.
"""

import json
import math
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import RESULTS
from lab.machine import ROOT
from lab.markdown import fill, table
from pneumoscope.files import write_text

PAGE = ROOT / "docs" / "performance.md"
Record = dict[str, Any]


def where(record: Record) -> str:
    """One line on the machine a record was made on."""
    on = record["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in on["versions"].items() if name != "pneumoscope")
    sets = ", ".join(on["instructions"])
    return (
        f"{on['date']}, {on['processor']}, {on['cores']} cores ({sets}), {on['memory_gib']} GiB; "
        f"Python {on['python']}, {versions}. Load at its end: {on['load_at_end']}."
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


def envelope(record: Record) -> str:
    """One line: an inference with and without."""
    spent, sizes = record["milliseconds"], record["bytes"]
    return (
        f"{where(record)}\n\nOne inference on one core takes {spent['with']:.1f} ms with the envelope and "
        f"{spent['without']:.1f} ms without it (medians of {record['turns']} turns): "
        f"{100 * (record['ratio_of_each_turn'] - 1):+.1f}%, the median of each turn's ratio. The file has "
        f"{sizes['with'] / 1e6:.1f} MB in place of {sizes['without'] / 1e6:.1f} MB."
    )


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


def training(record: Record) -> str:
    """Both sides, the ratios between them, and where our time goes."""
    peer, ours = record["peer"], record["ours"]

    def auc(side: Record, moment: str) -> str:
        return f"{side[f'{moment}_val_auc']:.4f} ({side[f'{moment}_val_auc_error']:.4f})"

    def reached(seconds: str, ratio: str) -> tuple[str, str]:
        missed = record[seconds] is None
        return ("not reached", "") if missed else (f"{record[seconds]:.0f}", f"{record[ratio]:.1f}")

    def ratio(of: str) -> str:
        return f"{record[f'{of}_ratio']:.1f}"

    exactly = reached("ours_at_peer_final_auc_at", "time_to_auc_ratio")
    within = reached("ours_within_one_error_at", "time_within_one_error_ratio")
    arrived = f"{record['peer_final_auc_at']:.0f}"
    rows = [
        (
            "frozen phase, s",
            f"{peer['frozen_seconds']:.0f}",
            f"{ours['frozen_seconds']:.0f}",
            f"{record['frozen_ratio']:.1f}",
        ),
        ("validation AUC after it (standard error)", auc(peer, "frozen"), auc(ours, "frozen"), ""),
        ("time to the peer's final validation AUC, s", arrived, *exactly),
        ("the same, less one standard error, s", arrived, *within),
        ("whole run, s", f"{peer['wall_seconds']:.0f}", f"{ours['wall_seconds']:.0f}", ratio("whole")),
        ("final validation AUC (standard error)", auc(peer, "final"), auc(ours, "final"), ""),
        ("peak memory, MB", f"{peer['peak_rss_mb']:.0f}", f"{ours['peak_rss_mb']:.0f}", ""),
    ]
    epochs = [sum(row["phase"] == phase for row in peer["epochs"]) for phase in ("head", "all layers")]
    films = (
        f"{record['train_films']} training radiographs, {record['val_films']} validation radiographs, one seed. The "
        f"peer trains its head for {epochs[0]} epochs and all layers for {epochs[1]}. Ours trains as "
        f"{record['recipe']} says."
    )
    whole = sum(ours["profile"].values())
    profile = [(name, f"{seconds:.1f}", f"{seconds / whole:.0%}") for name, seconds in ours["profile"].items()]
    speeds = ", ".join(
        f"{name} {phase} {rate:.1f}"
        for name, side in (("peer", peer), ("ours", ours))
        for phase, rate in side["images_per_second"].items()
    )
    return "\n\n".join(
        (
            where(record),
            films,
            table(("", "plain Keras", "pneumoscope", "x"), rows),
            f"Images/s in training: {speeds}.",
            table(("where our time goes", "s", "share"), profile),
        )
    )


def training_steps(record: Record) -> str:
    """Every candidate's images per second, and whether augmentation keeps up."""
    rows = [
        (row["name"], row["failed"], "", "", row["kept"])
        if "failed" in row
        else (
            row["name"],
            f"{row['images_per_second']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['peak_rss_mb']:.0f}",
            row["kept"],
        )
        for row in record["rows"]
    ]
    keeping_up = "; ".join(
        f"at {rate['size']} px {rate['images_per_second']:.0f} images/s, {rate['times_the_need']:.0f} times the need"
        for rate in record["augmentation"]
    )
    head = ("batch 32 unless said otherwise", "images/s", "x the first", "peak MB", "kept")
    said = f"Augmentation from the packed films, one thread: {keeping_up}. No epoch waits for it, or for the disk."
    return "\n\n".join((where(record), table(head, rows), said))


def scale(record: Record) -> str:
    """Throughput against workers, and on paper what many films need."""
    rows = record["throughput"]
    one = rows[0]["films_per_second"] / rows[0]["workers"]
    table_rows = [
        (
            row["workers"],
            f"{row['films_per_second']:.1f}",
            f"{row['films_per_second'] / one:.2f}",
            f"{row['whole_command']:.1f}",
        )
        for row in rows
    ]
    rate = rows[-1]["films_per_second"] / rows[-1]["workers"]
    cores = record["machine"]["cores"]
    paper = [
        (
            f"{films:,}",
            f"{films / rate / 3600:,.0f}",
            f"{math.ceil(films / rate / 86_400 / cores):,}",
        )
        for films in (10**6, 10**8)
    ]
    head = ("workers", "films/s once running", "x one worker", "films/s of the whole command")
    need = ("films, on paper from that rate", "core hours", f"machines of {cores} cores for one day")
    return "\n\n".join((where(record), table(head, table_rows), table(need, paper)))


def soak(record: Record) -> str:
    """What a long run held in memory, and what was checked after it."""
    memory = record["memory"]
    total = [f"{memory[f'total_{third}_third_mb']:,.0f}" for third in ("first", "last")]
    seconds = record["seconds"]
    said = (
        f"{record['films']:,} films ({record['bad']} of them bad files) with `{record['bundle']}`; one worker killed "
        "after a quarter, the driver after half, then the same command again. "
        f"{seconds / 60:.0f} minutes in all: {record['films'] / seconds:.1f} films/s with both starts and losses. "
        f"All processes together held {record['peak_mb']:,.0f} MB at most; {total[0]} MB in the first third after the "
        f"restart and {total[1]} MB in the last. A result takes {record['bytes_per_row']:.0f} bytes."
    )
    checks = [(name, "yes" if holds else "NO") for name, holds in record["checks"].items()]
    return "\n\n".join((where(record), said, table(("checked at the end", ""), checks)))


def station(record: Record) -> str:
    """What the station does with real peers; see ``benchmarks.station``."""
    start, took, rates = record["start"], record["store_to_report_seconds"], record["films_a_second"]
    calls, outage = record["associations"], record["outage"]
    memory = calls["after"]["mib"] - calls["before"]["mib"]
    share = f"{rates['judged_against_screen']:.0%} of `screen --html` on the same files; **80% was the goal**"
    rows = [
        ("from C-STORE to the report in Orthanc, median", f"{took['median']} s, worst {took['worst']} s", "3 s"),
        ("`pneumoscope serve` to its first answer", f"{start['seconds']} s", "3 s"),
        ("memory then", f"{start['mib']} MiB", "500 MiB"),
        ("films a second, with heatmap, report and capture", f"{rates['judged']}", share),
        (
            f"{outage['films']} films while the target is down",
            f"{outage['objects_in_the_archive']} objects arrive",
            "once",
        ),
        (f"{calls['associations']:,} associations", f"{calls['answered']:,} answered, {memory} MiB more", "flat"),
    ]
    return table(("what", "measured", "goal"), rows)


TABLES: dict[str, Callable[[Record], str]] = {
    write.__name__: write for write in (screening, envelope, precision, training, training_steps, scale, soak, station)
}
"""One for each record, by its name."""


def page() -> str:
    """The page with every table filled in."""
    tables = {name: write(json.loads((RESULTS / f"{name}.json").read_text())) for name, write in TABLES.items()}
    return fill(PAGE.read_text(encoding="utf-8"), tables)


if __name__ == "__main__":
    write_text(PAGE, page())
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
