import os
import subprocess
import sys

import pytest

from pneumoscope import __version__
from pneumoscope.cli import COMMANDS, main


def _ended(*arguments: str) -> int:
    """The exit code of a call that argparse ends."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended("--version") == 0
    assert capsys.readouterr().out == f"pneumoscope {__version__}\n"


def test_help_lists_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended("--help") == 0
    text = capsys.readouterr().out
    assert all(f"\n    {command} " in text for command in COMMANDS)
    assert "130 interrupted" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended(command, "--help") == 0
    assert f"usage: pneumoscope {command}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [(), ("diagnose",), ("screen",), ("train", "--speed", "11"), ("export", "RUN")])
def test_wrong_usage_ends_with_2_and_the_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended(*arguments) == 2
    assert "usage: pneumoscope" in capsys.readouterr().err


def test_a_failure_the_user_can_act_on_is_one_message(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--data", f"{tmp_path}/absent"]) == 2
    assert capsys.readouterr().err == f"pneumoscope: {tmp_path}/absent: no such folder or manifest\n"


def test_the_package_runs_as_a_module() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pneumoscope", "diagnose"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "usage: pneumoscope" in ended.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_one_message() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "pneumoscope", "info", "--schema"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 2
    assert ended.stderr == "pneumoscope: a file or the output: No space left on device\n"
