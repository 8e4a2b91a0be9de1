"""Tables of closed campaigns show what the sealed records hold."""

import numpy as np

from experiments import campaign, closed
from experiments.networks import NETWORKS, networks
from experiments.words import shown
from lab.scores import measured

Rows = dict[str, dict[str, str]]


def _rows(text: str) -> Rows:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines[2:]}


def test_all_networks_are_listed_the_lowest_log_loss_first() -> None:
    rows = _rows(networks())
    assert set(rows) == {shown(name) for names in NETWORKS.values() for name in names}
    losses = [float(row["log loss"]) for row in rows.values()]
    assert losses == sorted(losses)


def test_a_network_that_was_named_stands_alone_with_its_own_numbers() -> None:
    (row,) = _rows(networks("release-1.4.0")).values()
    found = measured(campaign("batchnorm_reestimation").scores("release-1.4.0", "validation"))
    assert row["AUC"] == f"{found['auc']:.4f}"
    record = campaign("robustness").content("stress", "release 1.4.0")
    sha256 = next(bundle["sha256"] for bundle in record["bundles"] if bundle["name"] == "release-1.4.0")
    dosed = [row for row in record["rows"] if row["bundle"] == sha256 and row["dose"] is not None]
    recall = np.mean([row["zero"]["recall"]["value"] for row in dosed])
    assert f"({recall:.1%} /" in row["stressed: balanced accuracy (recall / specificity)"]


def test_a_network_of_two_classes_has_no_three_class_share() -> None:
    assert _rows(networks("asked-for"))["baseline"]["three classes"] == ""
    assert _rows(closed.sweep())["two classes"]["three classes"] == ""


def test_averaged_weights_have_no_left_out_block_of_their_own() -> None:
    rows = _rows(closed.sweep())
    assert [name for name, row in rows.items() if not row["AUC, left-out"]] == ["weights of the references averaged"]
    assert len(rows) == len(campaign("sweep").names())


def test_the_ensemble_is_the_mean_of_the_logits() -> None:
    folds = campaign("number_blocks")
    logits = [folds.scores(name, "validation").logits for name in folds.names()]
    together = closed.averaged([folds.scores(name, "validation") for name in folds.names()])
    np.testing.assert_array_equal(together.logits, np.mean(logits, axis=0))
    line = next(line for line in closed.number_blocks().splitlines() if line.startswith("| ensemble"))
    assert f"{measured(together)['auc']:.4f}" in line


def test_the_collapsed_run_calls_nothing_pneumonia() -> None:
    row = _rows(closed.collapse())["0.01, epoch 1"]
    assert (row["recall"], row["specificity"]) == ("0.0%", "100.0%")
