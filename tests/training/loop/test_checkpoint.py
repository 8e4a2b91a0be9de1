from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from limits import files_of_at_most

from pneumoscope.errors import TrainingError
from pneumoscope.files import PARTIAL
from pneumoscope.training.loop.checkpoint import Checkpoint, load_weights, save_weights


def _checkpoint() -> Checkpoint:
    rng = np.random.default_rng(0)
    return Checkpoint(
        member=2,
        phase=1,
        epoch=3,
        history=[{"member": 2, "phase": "unfrozen", "epoch": 3, "loss": 0.1 + 0.2}],
        weights=[rng.normal(size=(3, 2)).astype(np.float32) for _ in range(12)],
        optimizer=[np.array(41), rng.normal(size=5).astype(np.float32)],
    )


def test_a_checkpoint_reads_back_what_was_saved(tmp_path: Path) -> None:
    saved = _checkpoint()
    saved.save(tmp_path / "checkpoint.npz")
    read = Checkpoint.load(tmp_path / "checkpoint.npz")
    assert (read.member, read.phase, read.epoch) == (2, 1, 3)
    assert read.history == saved.history
    for before, after in ((saved.weights, read.weights), (saved.optimizer, read.optimizer)):
        assert len(before) == len(after)
        for expected, value in zip(before, after, strict=True):
            np.testing.assert_array_equal(value, expected)
            assert value.dtype == expected.dtype
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    _checkpoint().save(path)
    larger = replace(_checkpoint(), epoch=4, weights=[np.zeros((300, 300), np.float32)])
    with files_of_at_most(100_000), pytest.raises(OSError, match="File too large") as caught:
        larger.save(path)
    assert caught.value.filename == str(path)
    assert Checkpoint.load(path).epoch == 3
    assert [left.name for left in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_an_empty_optimizer_reads_back_empty(tmp_path: Path) -> None:
    Checkpoint(weights=[np.zeros(2)]).save(tmp_path / "checkpoint.npz")
    assert Checkpoint.load(tmp_path / "checkpoint.npz").optimizer == []


def test_what_a_kill_left_of_a_save_is_overwritten_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    _checkpoint().save(path)
    path.with_name(f".{path.name}.0{PARTIAL}").write_bytes(path.read_bytes()[:100])
    assert Checkpoint.load(path).epoch == 3
    Checkpoint(epoch=4).save(path)
    assert Checkpoint.load(path).epoch == 4


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "checkpoint.npz"
    _checkpoint().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(TrainingError, match="damaged checkpoint") as caught:
        Checkpoint.load(path)
    assert str(path) in str(caught.value)


def test_a_checkpoint_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    saved = _checkpoint()
    saved.save(path)
    content = bytearray(path.read_bytes())
    content[content.index(saved.weights[5].tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="damaged checkpoint"):
        Checkpoint.load(path)


@pytest.mark.parametrize("arrays", [{}, {"text": np.array("no json")}, {"text": np.array('{"place": 3}')}], ids=str)
def test_another_file_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "checkpoint.npz", **arrays)
    with pytest.raises(TrainingError, match="damaged checkpoint"):
        Checkpoint.load(tmp_path / "checkpoint.npz")


def test_pickles_are_never_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "checkpoint.npz", text=np.array({"phase": 0}, dtype=object), allow_pickle=True)
    with pytest.raises(TrainingError, match="damaged checkpoint"):
        Checkpoint.load(tmp_path / "checkpoint.npz")


def test_weights_alone_read_back_in_their_order(tmp_path: Path) -> None:
    weights = _checkpoint().weights
    save_weights(tmp_path / "member-1.npz", weights)
    for expected, value in zip(weights, load_weights(tmp_path / "member-1.npz"), strict=True):
        np.testing.assert_array_equal(value, expected)
    with pytest.raises(TrainingError, match="damaged checkpoint"):
        load_weights(tmp_path / "member-2.npz")


def test_another_phase_begins_without_what_the_optimizer_had() -> None:
    state = _checkpoint()
    state.move_on(3, 0)
    assert (state.member, state.phase, state.epoch, state.optimizer) == (3, 0, 0, [])
    assert len(state.history) == 1
