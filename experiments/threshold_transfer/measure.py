"""Carry thresholds from one set of radiographs to another, and see what becomes of them."""

from typing import Any

import numpy as np

from experiments import campaign
from experiments.threshold_transfer.policies import BALANCED, SENSITIVE, empirical_j
from lab.campaign import Campaign
from lab.scores import Scores, rates

RESAMPLES = 50
WAYS = ("one block to another", "out of fold to a block")


def transfers(folds: Campaign) -> list[dict[str, Any]]:
    """Every pair of a set to choose on and a set to apply to, for every fold."""
    names = folds.names()
    blocks = {name: folds.scores(name, "left-out") for name in names}
    pairs = []
    for name in names:
        validation, block = folds.scores(name, "validation"), blocks[name]
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
    return Scores(source.names[rows], source.patients[rows], source.classes[rows], source.logits[rows])


def study(pair: dict[str, Any], resamples: int = RESAMPLES) -> list[dict[str, Any]]:
    """Every way of choosing on one pair of sets; thresholds are chosen again on resamples of patients."""
    source, target = pair["from"], pair["to"]
    rng = np.random.default_rng(0)
    draws = [resample(source, rng) for _ in range(resamples)]
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


def record() -> dict[str, Any]:
    """Every way of choosing on every transfer between the sets of the campaign "number_blocks"."""
    folds = campaign("number_blocks")
    rows = [row for pair in transfers(folds) for row in study(pair)]
    return {"folds": folds.names(), "resamples": RESAMPLES, "rows": rows}
