"""What ``train`` and ``sweep`` take, and what they refuse, before any work."""

from pathlib import Path

import pytest
from limits import files_of_at_most

from pneumoscope.cli import _parser, main
from pneumoscope.cli.sweep import _read_seeds
from pneumoscope.cli.train import _listener, _resumable, make_setting
from pneumoscope.data.manifest import ManifestForm
from pneumoscope.errors import TrainingError
from pneumoscope.files import write_bytes
from pneumoscope.progress import silent


def _refuse(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What argparse says of a wrong call; its exit code is 2."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "one of the arguments --data --resume is required"),
        (["--data", "D"], "--data needs --out RUN"),
        (["--data", "D", "--resume", "R"], "not allowed with argument"),
        (["--data", "D", "--out", "R", "--recipe", "secret"], "invalid choice: 'secret'"),
        (["--data", "D", "--out", "R", "--recipe", "quick", "--smoke"], "not allowed with argument"),
        (["--data", "D", "--out", "R", "--seed", "one"], "invalid whole number value"),
        (["--resume", "R", "--out", "S"], "--resume takes no other option"),
        (["--resume", "R", "--seed", "0"], "--resume takes no other option"),
        (["--resume", "R", "--smoke"], "--resume takes no other option"),
        (["--resume", "R", "--weights", "random"], "--resume takes no other option"),
        (["--resume", "R", "--positive", "sick"], "--resume takes no other option"),
    ],
)
def test_wrong_usage_of_train_ends_with_2(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in _refuse(["train", *options], capsys)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "D", "--out", "R", "--weights", "absent.h5"], "absent.h5: no such weights file"),
        (["--data", "D", "--out", "R", "--smoke"], "D: no such folder or manifest"),
        (["--resume", "R"], "R: no training run here (config.json is missing)"),
    ],
)
def test_what_is_not_there_is_named_and_does_not_block_the_next_try(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(["train", *options]) == 2
        assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("out", ["", "thesis.txt"])
def test_a_run_is_not_written_over_other_files(out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["train", "--data", "D", "--out", str(tmp_path / out), "--smoke"]) == 2
    assert "is not empty; choose a new folder, or go on: --resume" in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["years of work"]


@pytest.mark.parametrize("begun", [True, False])
def test_who_stops_a_run_is_told_how_to_go_on_with_it(
    begun: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "my run"
    run.mkdir()
    if begun:
        (run / "config.json").touch()
    with pytest.raises(KeyboardInterrupt), _resumable(run):
        raise KeyboardInterrupt
    told = f"pneumoscope: what is done is kept; go on with: pneumoscope train --resume '{run}'\n"
    assert capsys.readouterr().err == told * begun


def test_a_disk_that_is_full_stops_a_run_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    path = tmp_path / "checkpoint.npz"
    with files_of_at_most(1000), pytest.raises(TrainingError) as caught, _resumable(tmp_path):
        write_bytes(path, bytes(2000))
    assert str(caught.value) == (
        f"{path}: File too large; free some space or mend the folder. "
        f"What is done is kept; go on then with: pneumoscope train --resume {tmp_path}"
    )


def test_every_epoch_has_a_line_with_the_time_that_is_left() -> None:
    lines: list[str] = []
    listener = _listener("quick", silent, lines.append)
    measured = {"val_loss": 0.5, "val_auc": 0.9, "val_recall": 0.8, "val_specificity": 0.7}
    trained = {"member": 0, "phase": "128 px", "loss": 0.4, "auc": 0.95, "seconds": 60.0} | measured
    history = []
    listener.estimated(7200)
    for epoch in (1, 2):
        history.append(trained | {"epoch": epoch})
        listener.estimated(7200 - 1800 * epoch)
        listener.epoch_ended(history)
    listener.epoch_ended([*history, {"member": 0, "phase": "result", "epoch": 1} | measured])
    assert lines[0] == "quick: about 2 h here"
    assert [line.partition(":")[0] for line in lines[1:]] == ["128 px epoch 1", "128 px epoch 2", "result"]
    assert [line.rpartition(" | ")[2] for line in lines[1:3]] == ["about 1 h 30 min left", "about 1 h left"]
    assert "left" not in lines[3]


@pytest.mark.parametrize("arguments", [["report"], ["export", "--out", "b.onnx"]], ids=" ".join)
def test_a_folder_without_a_run_has_no_report_and_no_bundle(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, str(tmp_path)]) == 2
    assert "no training run here (config.json is missing)" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["train"], ["sweep", "--seeds", "0"]], ids=lambda command: command[0])
def test_the_words_of_a_manifest_reach_the_run(command: list[str]) -> None:
    named = ["--path-column", "Bild", "--label-column", "Befund", "--positive", "krank"]
    options = _parser().parse_args([*command, "--data", "D", "--out", "R", "--smoke", *named])
    assert make_setting(options, 0).form == ManifestForm("Bild", "Befund", "krank")


def test_a_list_of_seeds_is_read() -> None:
    assert _read_seeds("0-4") == [0, 1, 2, 3, 4]
    assert _read_seeds("3,1,7-8,1") == [3, 1, 7, 8]


@pytest.mark.parametrize("given", ["4-0", "", "a", "1,,2"])
def test_a_list_that_is_none_is_a_usage_error(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--seeds" in _refuse(["sweep", "--data", "D", "--out", "R", "--seeds", given], capsys)


def test_a_sweep_needs_its_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert "required: --seeds" in _refuse(["sweep", "--data", "D", "--out", "R"], capsys)
