"""What the numbers of release 1.4.0 on the official test rest on.

    python -m experiments.test_set_audit.measure --data DATASETS/chest_xray

writes record.json beside this file, and the table of README.md from it. The released bundle is scored again, on the
radiographs as they are and with parts taken away. Nothing is chosen by the result. It takes about ten minutes on two
cores.
"""

import argparse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

from experiments.test_set_audit import kept
from experiments.test_set_audit.changes import Pixels, letterboxed, parts_kept
from experiments.test_set_audit.scoring import released, score
from experiments.test_set_audit.table import fill
from pneumoscope.data.audit.confounding import confounded
from pneumoscope.data.audit.marks import find_marks, group_marks
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import is_official_test, load
from pneumoscope.data.splits import divided, series
from pneumoscope.decision.labels import CLASSES
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import DataError
from pneumoscope.evaluation import Predictions, Resampling, Unit, evaluate, metrics
from pneumoscope.files import write_json
from pneumoscope.imaging import read, to_input

RECORD = Path(__file__).with_name("record.json")
RUN = ("normal/NORMAL2-IM", 195, 267)
"""Series, first and last number of the run of normal radiographs that holds most false alarms."""

RELEASES = tuple(kept.COMMITS)
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]


def run_of_false_alarms(test: Predictions, found: Mask, stamped: Mask) -> dict[str, Any]:
    """Specificity in RUN and elsewhere, with the stamp and without; how rare such a run is by accident."""
    inside = np.array([in_run(each) for each in test.radiographs])
    normal = ~test.positive

    def specificity(where: Mask) -> dict[str, Any]:
        cleared = int((~found & normal & where).sum())
        return {"cleared": cleared, "of": int((normal & where).sum()), "value": cleared / int((normal & where).sum())}

    order = next(rows for rows in test.series if series(test.radiographs[rows[0]])[0] == RUN[0])  # type: ignore[index]
    alarms, width = found[order], int((inside & normal).sum())
    longest = most_in_a_window(alarms, width)
    generator, draws = np.random.default_rng(0), 20_000
    permuted = [most_in_a_window(generator.permutation(alarms), width) for _ in range(draws)]
    by_release = {}
    for release in RELEASES:
        scores = kept.findings(release)
        above = np.array([scores[each.path.name][0] >= 0 for each in test.radiographs])
        by_release[release] = {
            "in the run": int((above & inside & normal).sum()),
            "elsewhere": int((above & ~inside & normal).sum()),
        }
    return {
        "run": list(RUN),
        "specificity": {
            "in the run": specificity(inside),
            "elsewhere": specificity(~inside),
            "stamped": specificity(stamped),
            "not stamped": specificity(~stamped),
        },
        "most false alarms in as many consecutive radiographs": longest,
        "permutations": draws,
        "permutations that reach it": int(sum(each >= longest for each in permuted)),
        "most in any permutation": int(max(permuted)),
        "false alarms of each release at score 0": by_release,
    }


def in_run(each: LabelledRadiograph) -> bool:
    """Whether a radiograph lies in RUN."""
    name, number = series(each) or ("", 0)
    return name == RUN[0] and RUN[1] <= number <= RUN[2]


def most_in_a_window(alarms: Mask, width: int) -> int:
    """The most false alarms among ``width`` consecutive radiographs."""
    return int(np.convolve(alarms, np.ones(width, dtype=np.int64), mode="valid").max())


def stamps(everything: list[LabelledRadiograph], pixels: list[Pixels]) -> tuple[dict[str, Any], set[Path]]:
    """The mark that the test contradicts most, as the data audit finds it: its counts, and who bears it."""
    with ThreadPoolExecutor(2) as pool:
        groups = group_marks(list(pool.map(find_marks, pixels)))
    worst = confounded(groups, everything, [each.split == "train" for each in everything])[0]
    bearers = {everything[row].path for row in worst.group.rows}
    return {"counts": worst.counts, "place": list(worst.group.place), "runs": list(worst.runs)}, bearers


def summary(of: Predictions, where: Mask | None = None) -> dict[str, float]:
    """What the score 0, the default operating point, achieves on all radiographs or on a part; and the AUC."""
    weights = np.ones((1, len(of.radiographs))) if where is None else where[None].astype(np.float64)
    raw = np.asarray(pneumonia_score(of.logits), dtype=np.float64)
    statistics = metrics.decisions(of.positive, raw >= 0) | {"auc": metrics.auc(raw, of.positive, ~of.positive)}
    wanted = ("accuracy", "recall", "specificity", "balanced_accuracy", "auc")
    return {name: float(statistics[name](weights)[0]) for name in wanted}


def intervals(test: Predictions, rule: DecisionRule) -> dict[str, Any]:
    """The default operating point's metrics, resampled by patient and by block."""
    ways = {"patients": Resampling()} | {
        f"blocks of {length}": Resampling(unit=Unit.BLOCK, block=length) for length in (10, 20, 40)
    }
    wanted = ("accuracy", "recall", "specificity", "balanced_accuracy")
    judged = {name: evaluate(test, rule, "Official test", True, way) for name, way in ways.items()}
    return {
        name: {metric: asdict(each.main.metrics[metric]) for metric in wanted} | {"auc": asdict(each.ranking["auc"])}
        for name, each in judged.items()
    }


def calibration(rule: DecisionRule, logits: NDArray[np.floating], positive: Mask) -> dict[str, Any]:
    """Calibration error, Brier score and log loss, of the raw score's sigmoid and of the shipped probability."""
    raw = np.asarray(pneumonia_score(logits), dtype=np.float64)
    measured = {}
    for name, log_odds in {"raw": raw, "shipped": rule.log_odds(logits)}.items():
        probability, once = 1 / (1 + np.exp(-log_odds)), np.ones((1, len(positive)))
        measured[name] = {
            "calibration_error": float(metrics.calibration_error(probability, positive)(once)[0]),
            "brier": float(metrics.brier(probability, positive)(once)[0]),
            "log_loss": float(np.logaddexp(0, np.where(positive, -log_odds, log_odds)).mean()),
        }
    return measured


def bands(rule: DecisionRule, test: Predictions) -> list[dict[str, Any]]:
    """Radiographs and pneumonias by shown probability."""
    threshold = rule.operating_point().threshold
    edges = [0, 0.1, 0.5, 0.7, threshold, 0.9, 0.99, 1]
    member = np.digitize(rule.probability(test.logits), edges[1:-1])
    counts, pneumonias = (np.bincount(member[of], minlength=7) for of in (test.positive | True, test.positive))
    columns = (edges, edges[1:], counts.tolist(), pneumonias.tolist())
    return [
        dict(zip(("from", "to", "radiographs", "pneumonias"), row, strict=True)) for row in zip(*columns, strict=False)
    ]


def viral(rule: DecisionRule, test: Predictions, found: Mask, least: float = 0.9) -> dict[str, Any]:
    """The viral answer at .5, and at the threshold of recall ``least`` on the validation radiographs."""
    answer = evaluate(test, rule, "Official test", True).viral
    classes, logits = kept.validation()
    ordered = np.sort(rule.viral_probability(logits)[classes == 2])[::-1]
    threshold = float(ordered[int(np.ceil(least * len(ordered))) - 1])
    called = rule.viral_probability(test.logits) >= threshold
    counts = {name: int(called[test.classes == index].sum()) for index, name in enumerate(CLASSES)}
    alarms = found & ~test.positive
    return {
        "at .5": asdict(answer),
        "false alarms whose most likely class is viral": int((test.logits[alarms].argmax(axis=1) == 2).sum()),
        "chosen on validation": {
            "recall there": least,
            "threshold": threshold,
            "called": counts,
            "recall": counts["viral"] / int((test.classes == 2).sum()),
            "precision": counts["viral"] / sum(counts.values()),
        },
    }


def compared(test: Predictions) -> dict[str, Any]:
    """Exact McNemar tests (McNemar 1947) of the last release against those before it; correlation of their errors."""
    names = [each.path.name for each in test.radiographs]
    right = {}
    for release in RELEASES:
        found = kept.findings(release)
        right[release] = np.array([found[name][1] for name in names]) == test.positive
    last = right[RELEASES[-1]]
    result = {}
    for release in RELEASES[:-1]:
        won, lost = int((last & ~right[release]).sum()), int((~last & right[release]).sum())
        result[release] = {
            "1.4.0 alone right": won,
            "alone right": lost,
            "p": float(binomtest(won, won + lost).pvalue),
            "correlation of errors": float(np.corrcoef(last, right[release])[0, 1]),
        }
    return result


def selection_bias(test: Predictions, found: Mask, counts: tuple[int, ...] = (9, 29, 41)) -> list[dict[str, float]]:
    """How far the best of several networks of equal quality flatters, by simulation.

    Each network errs on a radiograph when a normal variable, in part common to all networks, falls below the quantile
    of the released network's error rate for its label. The best by balanced accuracy is taken, 1,000 times.
    """
    generator, positive = np.random.default_rng(0), test.positive
    rate = np.where(positive, (~found[positive]).mean(), found[~positive].mean())
    quantile = norm.ppf(rate)
    truth = 1 - (rate[positive].mean() + rate[~positive].mean()) / 2
    rows = []
    for shared in (0.0, 0.8, 0.9):
        gains: dict[int, list[float]] = {count: [] for count in counts}
        correlations = []
        for _ in range(1000):
            common = generator.normal(size=(1, len(positive)))
            own = generator.normal(size=(max(counts), len(positive)))
            wrong = np.sqrt(shared) * common + np.sqrt(1 - shared) * own < quantile
            reached = 1 - (wrong[:, positive].mean(axis=1) + wrong[:, ~positive].mean(axis=1)) / 2
            correlations.append(np.corrcoef(wrong[0], wrong[1])[0, 1])
            for count in counts:
                gains[count].append(float(reached[:count].max() - truth))
        for count in counts:
            bias = float(np.mean(gains[count]))
            rows.append({"correlation of errors": float(np.nanmean(correlations)), "networks": count, "bias": bias})
    return rows


def main() -> None:
    """Measure everything and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the chest_xray folder of the public release")
    everything = load(parser.parse_args().data)
    official = [each for each in everything if each.split == "test"]
    if not is_official_test(official):
        raise DataError("the test radiographs are not those of the public release")
    radiographs = [read(each.path) for each in everything]
    sizes = Counter(each.pixels.shape for each in radiographs)
    pixels = [to_input(each) for each in radiographs]
    session = released()
    rule, seen = session.card.rule, [pixels[row] for row, each in enumerate(everything) if each.split == "test"]
    test = Predictions(tuple(official), score(session, seen))
    found = rule.probability(test.logits) >= rule.operating_point().threshold
    mark, bearers = stamps(everything, pixels)
    stamped = np.array([each.path in bearers for each in official])
    inside = np.array([in_run(each) for each in official])
    classes, logits = kept.validation()
    unseen = {each.path for each in divided(everything).values() if each.split == "val"}
    validation = [row for row, each in enumerate(everything) if each.path in unseen]
    held_out = Predictions(
        tuple(everything[row] for row in validation), score(session, [pixels[r] for r in validation])
    )
    boxed = replace(held_out, logits=score(session, [pixels[row] for row in validation], letterboxed))
    parts = [
        {"kept": what, "fill": filling} | summary(replace(test, logits=score(session, seen, change)))
        for (what, filling), change in parts_kept().items()
    ]
    record = {
        "bundle_sha256": session.sha256,
        "files by height and width": [[*size, count] for size, count in sizes.items()],
        "test": summary(test),
        "without the run": summary(test, ~inside),
        "stamp": mark,
        "false alarms": run_of_false_alarms(test, found, stamped),
        "intervals": intervals(test, rule),
        "calibration": {
            "test": calibration(rule, test.logits, test.positive),
            "validation": calibration(rule, logits, classes > 0),
        },
        "probability bands on the test": bands(rule, test),
        "viral": viral(rule, test, found),
        "parts kept on the test": parts,
        "validation": {"as they are": summary(held_out), "letterboxed": summary(boxed)},
        "releases": compared(test),
        "selection": selection_bias(test, found),
    }
    write_json(RECORD, record)
    fill()


if __name__ == "__main__":
    main()
