import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pneumoscope.data.manifest import ManifestForm
from pneumoscope.errors import DataError
from pneumoscope.training.config import RunConfig, Setting, build_config
from pneumoscope.training.recipes import RECIPES
from pneumoscope.training.run_folder import begun, load_finished, read_config, resume_setting, write_config

CONFIG = RunConfig(
    recipe=RECIPES["default"],
    seed=7,
    source="/data/films",
    imagenet="/weights.h5",
    imagenet_sha256="a" * 64,
    fingerprint="f" * 64,
    radiographs={"train": 4478, "val": 712},
    backend="tensorflow",
    precision="float32",
    versions={"python": "3.11"},
)


@pytest.mark.parametrize("source", ["/data/films", os.fsdecode(b"/data/M\xfcller")])
def test_a_configuration_reads_back_as_it_was_written(source: str, tmp_path: Path) -> None:
    config = replace(CONFIG, source=source)
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config


def test_a_run_tells_others_all_but_where_files_lay() -> None:
    told = CONFIG.provenance()
    assert (told["seed"], told["recipe"]["averaging"]["members"]) == (7, 4)
    assert "/" not in json.dumps({name: value for name, value in told.items() if name != "recipe"})
    assert json.loads(json.dumps(told)) == told


def test_a_run_goes_on_with_what_it_was_asked_to_do(tmp_path: Path) -> None:
    write_config(tmp_path, CONFIG)
    asked = Setting(Path("/data/films"), RECIPES["default"], 7, Path("/weights.h5"), tmp_path / "cache")
    assert resume_setting(tmp_path, tmp_path / "cache") == asked
    form = ManifestForm("Bild", "Befund", "krank")
    write_config(tmp_path, replace(CONFIG, form=form))
    assert resume_setting(tmp_path, tmp_path / "cache") == replace(asked, form=form)
    assert "krank" not in json.dumps(read_config(tmp_path).provenance())


def _write(folder: Path, change: dict[str, Any]) -> None:
    write_config(folder, CONFIG)
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(content | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 1}, r"of another version of pneumoscope \(schema 1, here 2\); train it anew"),
        ({"schema": None}, "of another version"),
        ({"recipe": {"name": "lungs"}}, "of another version"),
        ({"seed": "seven"}, "of another version"),
        ({"state": "lost"}, "of another version"),
    ],
)
def test_a_run_of_another_version_is_refused_in_words(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    _write(tmp_path, change)
    with pytest.raises(DataError, match=message):
        load_finished(tmp_path)


@pytest.mark.parametrize("content", ["", '{"data": "D", "rec', "[]"])
def test_a_damaged_configuration_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(DataError, match="damaged; start the run again in a new folder"):
        resume_setting(tmp_path, tmp_path)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("absent", "file"):
        with pytest.raises(DataError, match=rf"{name}: no training run here \(config.json is missing\)"):
            read_config(tmp_path / name)


def test_what_ended_is_not_resumed_and_what_runs_is_not_finished(tmp_path: Path) -> None:
    write_config(tmp_path, replace(CONFIG, state="finished"))
    with pytest.raises(DataError, match=f"this run is finished; next: pneumoscope report {tmp_path}"):
        resume_setting(tmp_path, tmp_path)
    write_config(tmp_path, replace(CONFIG, state="collapsed", explanation="It fell into one class."))
    for refuse in (lambda: resume_setting(tmp_path, tmp_path), lambda: load_finished(tmp_path)):
        with pytest.raises(DataError, match=r"this run is collapsed\. It fell into one class\."):
            refuse()
    write_config(tmp_path, CONFIG)
    with pytest.raises(DataError, match=f"not finished; go on with: pneumoscope train --resume {tmp_path}"):
        load_finished(tmp_path)


def _begin(folder: Path, config: RunConfig = CONFIG) -> None:
    with begun(folder, config):
        pass


def test_a_folder_does_not_take_another_run(tmp_path: Path) -> None:
    _begin(tmp_path / "run")
    for change, named in (
        ({"seed": 8, "recipe": RECIPES["quick"]}, "recipe, seed; choose a new folder"),
        ({"fingerprint": "0" * 64}, "fingerprint"),
        ({"labels": "0" * 64}, "labels"),
    ):
        with pytest.raises(DataError, match=f"holds a run with another {named}"):
            _begin(tmp_path / "run", replace(CONFIG, **change))
    _begin(tmp_path / "run", replace(CONFIG, source="/moved/films", versions={"python": "3.14"}))
    assert read_config(tmp_path / "run").source == "/moved/films"


def test_what_a_kill_left_half_written_goes(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint.npz.12345678.partial").write_bytes(b"half")
    (tmp_path / "checkpoint.npz").write_bytes(b"whole")
    _begin(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.npz", "config.json"]


def test_two_trainings_do_not_share_a_folder(tmp_path: Path) -> None:
    half = tmp_path / ".checkpoint.npz.12345678.partial"
    with begun(tmp_path, CONFIG):
        half.write_bytes(b"the first one is writing this")
        with pytest.raises(DataError, match=rf"{tmp_path}: process {os.getpid()} on .* is at work here; wait"):
            _begin(tmp_path)
        assert half.exists()
    _begin(tmp_path)
    assert not half.exists()


def test_weights_that_are_gone_are_named(tmp_path: Path) -> None:
    setting = Setting(tmp_path, RECIPES["smoke"], 0, tmp_path / "moved.h5", tmp_path)
    with pytest.raises(DataError, match=r"moved\.h5: the ImageNet weights that the run needs are not there"):
        build_config(setting, {}, "float32")
