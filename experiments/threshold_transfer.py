"""How well a threshold that was chosen on some number blocks of train carries over to others.

    python experiments/threshold_transfer.py       reads the kept folds, writes the record

Every fold is a network that never saw its own block nor the held-out validation blocks. A threshold is chosen on one
of these sets (or on the out-of-fold scores of all other blocks) and applied to another, and what happens there is
compared.
Nothing here looks at the official test.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import records
from matplotlib.figure import Figure
from numpy.typing import NDArray
from records import Scores
from scipy.special import ndtr
from scipy.stats import norm

from pneumoscope.decision import calibration
from pneumoscope.decision.operating_point import highest_with_recall
from pneumoscope.evaluation.report import style

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
from page import table

RECORD = records.FOLDER / "threshold_transfer.json"
RESAMPLES = 50
RECALL = 0.98
WAYS = ("one block to another", "out of fold to a block")

Values = NDArray[np.float64]
Chooser = Callable[[Values, NDArray[np.bool_]], float]


def empirical_j(score: Values, positive: NDArray[np.bool_]) -> float:
    """The threshold with the best balanced accuracy (Youden 1950); the middle one of several."""
    cuts = np.sort(score)
    middles = np.r_[cuts[0] - 1, (cuts[1:] + cuts[:-1]) / 2]
    recall = 1 - np.searchsorted(np.sort(score[positive]), middles) / positive.sum()
    specificity = np.searchsorted(np.sort(score[~positive]), middles) / (~positive).sum()
    best = np.flatnonzero(np.isclose(recall + specificity, (recall + specificity).max()))
    return float(middles[best[len(best) // 2]])


def smoothed_j(score: Values, positive: NDArray[np.bool_]) -> float:
    """The optimum of the kernel-smoothed balanced accuracy (Fluss, Faraggi and Reiser 2005, section 3.3)."""
    grid = np.linspace(score.min(), score.max(), 2001)
    recall, specificity = 1 - _smooth_cdf(score[positive], grid), _smooth_cdf(score[~positive], grid)
    return float(grid[np.argmax(recall + specificity)])


def _smooth_cdf(values: Values, grid: Values) -> Values:
    """Gaussian-kernel estimate of P(value <= grid), bandwidth by Silverman's rule."""
    spread = min(values.std(ddof=1), float(np.subtract(*np.percentile(values, [75, 25]))) / 1.34)
    width = max(0.9 * spread * len(values) ** -0.2, 1e-6)
    return np.asarray(ndtr((grid[:, None] - values[None]) / width).mean(axis=1))


def binormal_j(score: Values, positive: NDArray[np.bool_]) -> float:
    """The optimum under normal scores in both classes (Fluss, Faraggi and Reiser 2005, section 2.1)."""
    sick, well = score[positive], score[~positive]
    grid = np.linspace(well.mean(), sick.mean(), 4001)
    total = norm.sf(grid, sick.mean(), sick.std(ddof=1)) + norm.cdf(grid, well.mean(), well.std(ddof=1))
    return float(grid[np.argmax(total)])


def equal_errors(score: Values, positive: NDArray[np.bool_]) -> float:
    """Where the conformal p-values of both classes meet: as many misses as false alarms, in shares."""
    cuts = np.sort(score)
    missed = np.searchsorted(np.sort(score[positive]), cuts) / positive.sum()
    alarms = 1 - np.searchsorted(np.sort(score[~positive]), cuts) / (~positive).sum()
    return float(cuts[np.argmin(np.abs(missed - alarms))])


def logistic_half(score: Values, positive: NDArray[np.bool_]) -> float:
    """Where Platt's calibrated probability is .5 once the classes are made equally frequent (prior-corrected .5)."""
    fitted = calibration.fit(score, positive)
    prior = np.log(positive.mean() / (1 - positive.mean()))
    return float((prior - fitted.intercept) / fitted.slope)


def network_half(score: Values, positive: NDArray[np.bool_]) -> float:
    """Score 0: the network's own .5, trained with classes of equal weight. Nothing is chosen."""
    return 0.0


def asked_for(score: Values, positive: NDArray[np.bool_]) -> float:
    """Where Platt's calibrated probability is .700."""
    fitted = calibration.fit(score, positive)
    return float((np.log(0.7 / 0.3) - fitted.intercept) / fitted.slope)


def quantile(score: Values, positive: NDArray[np.bool_]) -> float:
    """The highest threshold that finds the wanted share of the pneumonias at hand."""
    sick = np.sort(score[positive])
    return float(sick[int(np.floor((1 - RECALL) * len(sick)))])


def conformal(score: Values, positive: NDArray[np.bool_]) -> float:
    """Split conformal within the pneumonias (Vovk 2012): misses at most 1 - RECALL of exchangeable films on average."""
    sick = np.sort(score[positive])
    rank = int(np.floor((1 - RECALL) * (len(sick) + 1)))
    return float(sick[rank - 1]) if rank else float(sick[0])


def lower_bound(score: Values, positive: NDArray[np.bool_]) -> float:
    """The highest threshold whose recall is as wanted by its one-sided 95% Clopper-Pearson bound."""
    threshold = highest_with_recall(score[positive], RECALL)
    return float(score[positive].min()) if threshold is None else threshold


def binormal_quantile(score: Values, positive: NDArray[np.bool_]) -> float:
    """The quantile of a normal fitted to the pneumonias' scores."""
    sick = score[positive]
    return float(norm.ppf(1 - RECALL, sick.mean(), sick.std(ddof=1)))


BALANCED: dict[str, Chooser] = {
    "empirical optimum": empirical_j,
    "kernel-smoothed optimum": smoothed_j,
    "binormal optimum": binormal_j,
    "equal error shares": equal_errors,
    "prior-corrected .5": logistic_half,
    "the network's own .5": network_half,
    "calibrated .700": asked_for,
}
SENSITIVE: dict[str, Chooser] = {
    "empirical quantile": quantile,
    "conformal": conformal,
    "Clopper-Pearson bound": lower_bound,
    "binormal quantile": binormal_quantile,
}


def rates(score: Values, positive: NDArray[np.bool_], threshold: float) -> tuple[float, float]:
    """Recall and specificity."""
    called = score >= threshold
    return float(called[positive].mean()), float((~called[~positive]).mean())


def transfers(names: list[str]) -> list[dict[str, Any]]:
    """Every pair of a set to choose on and a set to apply to, for every fold."""
    blocks = {name: records.scores(name, "left-out") for name in names}
    pairs = []
    for name in names:
        validation, block = records.scores(name, "validation"), blocks[name]
        others = [blocks[other] for other in names if other != name]
        out_of_fold = sum(others[1:], others[0])
        pairs += [
            {"fold": name, "way": WAYS[0], "from": validation, "to": block},
            {"fold": name, "way": WAYS[0], "from": block, "to": validation},
            {"fold": name, "way": WAYS[1], "from": out_of_fold, "to": block},
            {"fold": name, "way": WAYS[1], "from": out_of_fold, "to": validation},
        ]
    return pairs


def resample(source: Scores, rng: np.random.Generator) -> Scores:
    """Draw patients with replacement."""
    people, number = np.unique(source.patients, return_inverse=True)
    count = np.bincount(rng.integers(len(people), size=len(people)), minlength=len(people))
    rows = np.repeat(np.arange(len(number)), count[number])
    return Scores(source.films[rows], source.patients[rows], source.classes[rows], source.logits[rows])


def study(pair: dict[str, Any]) -> list[dict[str, Any]]:
    """Every way of choosing on one pair of sets."""
    source, target = pair["from"], pair["to"]
    rng = np.random.default_rng(0)
    draws = [resample(source, rng) for _ in range(RESAMPLES)]
    best = np.mean(rates(target.score, target.positive, empirical_j(target.score, target.positive)))
    rows = []
    for goal, policies in (("balanced", BALANCED), ("recall", SENSITIVE)):
        for policy, choose in policies.items():
            threshold = choose(source.score, source.positive)
            recall, specificity = rates(target.score, target.positive, threshold)
            here = np.mean(rates(source.score, source.positive, threshold))
            there = (recall + specificity) / 2
            rows.append(
                {
                    "goal": goal,
                    "policy": policy,
                    "fold": pair["fold"],
                    "way": pair["way"],
                    "threshold": threshold,
                    "threshold_sd": float(np.std([choose(draw.score, draw.positive) for draw in draws])),
                    "recall": recall,
                    "specificity": specificity,
                    "balanced_accuracy": there,
                    "drop": float(here - there),
                    "regret": float(best - there),
                }
            )
    return rows


def main() -> None:
    """Study every way of choosing on every transfer and write the record."""
    names = records.kept(records.FOLDS)
    rows = [row for pair in transfers(names) for row in study(pair)]
    RECORD.write_text(json.dumps({"folds": names, "resamples": RESAMPLES, "rows": rows}, indent=1) + "\n")
    print(RECORD)


def tables(record: dict[str, Any]) -> str:
    """Markdown: one row a policy, over all transfers, best first."""
    groups = _by_policy(record, "balanced")
    reached = {policy: _column(rows, "balanced_accuracy") for policy, rows in groups.items()}
    ordered = sorted(groups, key=lambda policy: -reached[policy].mean())
    lines = []
    for policy in ordered:
        rows, behind = groups[policy], 100 * (reached[ordered[0]] - reached[policy])
        error = behind.std(ddof=1) / np.sqrt(len(behind))
        recall = _column(rows, "recall")
        cells = [f"{reached[policy].mean():.1%}", f"{reached[policy].min():.1%}", f"{behind.mean():.1f} (±{error:.1f})"]
        cells += [f"{100 * _column(rows, 'drop').mean():+.1f}", f"{recall.mean():.1%}", f"{recall.min():.1%}"]
        lines.append([policy, *cells, f"{_column(rows, 'threshold_sd').mean():.2f}"])
    explained = (
        f"{len(rows)} transfers of {len(record['folds'])} folds; ± is the standard error of the paired difference, as "
        "if the transfers were independent, which those of one fold are not. Spread: of the threshold over resamples."
    )
    by_way = []
    for way in WAYS:
        means = [_column([row for row in groups[p] if row["way"] == way], "balanced_accuracy").mean() for p in ordered]
        by_way.append([way, *(f"{mean:.1%}" for mean in means)])
    recalls = []
    for policy, rows in _by_policy(record, "recall").items():
        recall = _column(rows, "recall")
        reaching, specificity = f"{(recall >= RECALL).sum()} of {len(recall)}", _column(rows, "specificity").mean()
        recalls.append([policy, f"{recall.mean():.1%}", f"{recall.min():.1%}", reaching, f"{specificity:.1%}"])
    by_recall = (f"policy for a recall of {RECALL:.0%}", "recall, mean", "worst", "reached", "specificity, mean")
    parts = (table(BY_POLICY, lines), explained, table(("the same, chosen on", *ordered), by_way))
    return "\n\n".join((*parts, table(by_recall, recalls)))


BY_POLICY = (
    "policy",
    "balanced accuracy, mean",
    "worst",
    "behind the first",
    "drop, mean",
    "recall, mean",
    "worst",
    "spread",
)


def _by_policy(record: dict[str, Any], goal: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in record["rows"]:
        if row["goal"] == goal:
            groups.setdefault(row["policy"], []).append(row)
    return groups


def _column(rows: list[dict[str, Any]], key: str) -> Values:
    return np.array([row[key] for row in rows])


def stressed(record: dict[str, Any]) -> str:
    """Markdown, from the record of robustness.py: a threshold fitted to films as they are, tried on stressed ones."""
    names = [bundle["name"] for bundle in record["bundles"]]
    columns = [f"{name}, {point}" for name in names for point in ("fitted", "its own .5")]
    stresses = list(dict.fromkeys(row["stress"] for row in record["rows"] if row["dose"] is not None))
    groups = {"as they are": ["none"], **{stress: [stress] for stress in stresses}, "**all stresses**": stresses}
    lines = [[words, *_stress_cells(record, group)] for words, group in groups.items()]
    return table(("mean over the doses", *columns), lines)


def _stress_cells(record: dict[str, Any], stresses: list[str]) -> list[str]:
    cells = []
    for bundle in record["bundles"]:
        rows = [r for r in record["rows"] if r["bundle"] == bundle["sha256"] and r["stress"] in stresses]
        cells += [shown([row[point] for row in rows]) for point in ("default", "zero")]
    return cells


def shown(rows: list[dict[str, Any]]) -> str:
    """The mean of a threshold's balanced accuracy, recall and specificity over conditions of robustness.py."""
    keys = ("balanced_accuracy", "recall", "specificity")
    balanced, recall, specificity = (np.mean([row[key]["value"] for row in rows]) for key in keys)
    return f"{balanced:.1%} ({recall:.1%} / {specificity:.1%})"


def figure(record: dict[str, Any]) -> Figure:
    """Every transfer's regret, one row a policy."""
    policies = list(BALANCED)
    drawn, panels = style.figure(10.6, 4.4, columns=2)
    for axes, key, title in zip(panels, ("drop", "regret"), _TITLES, strict=True):
        style.head(axes, *title)
        style.dress(axes, "points of balanced accuracy")
        for way, place, line in zip(WAYS, (-0.13, 0.13), (style.TRAINING, style.VALIDATION), strict=True):
            rows = [row for row in record["rows"] if row["goal"] == "balanced" and row["way"] == way]
            heights = [policies.index(row["policy"]) + place for row in rows]
            values = [100 * row[key] for row in rows]
            axes.plot(values, heights, line["marker"], color=line["color"], markersize=4.5, alpha=0.7, label=way)
        axes.set_yticks(range(len(policies)), policies if key == "drop" else [""] * len(policies))
        axes.invert_yaxis()
        axes.axvline(0, color=style.SOFT, linewidth=0.9)
    style.legend(panels[1], "lower right")
    return drawn


_TITLES = (
    ("Drop", "balanced accuracy where it was chosen, less where applied"),
    ("Regret", "the best threshold there, less this one"),
)

if __name__ == "__main__":
    main()
