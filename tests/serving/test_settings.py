"""Settings from a file: what is said, and what is refused with a sentence."""

from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="the extra serve is not installed")

from pneumoscope.errors import DataError
from pneumoscope.serving.dicom.node import Caller
from pneumoscope.serving.dicom.targets import build_target
from pneumoscope.serving.settings import Settings, read_settings

WHOLE = """
state = "/var/lib/pneumoscope"
workers = 2
watch = "~/in"
[web]
host = "0.0.0.0"
port = 443
certificate = "/etc/cert.pem"
[dicom]
ae_title = "SCREEN"
callers = [{ae_title = "CT1", host = "10.0.0.5"}, {ae_title = "PACS"}]
[retention]
pixels = 3.5
[[targets]]
name = "archive"
kind = "dicom"
sends = ["sr", "sc"]
[targets.config]
host = "10.0.0.9"
port = 104
called = "PACS"
"""


def read(text: str, tmp_path: Path) -> Settings:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return read_settings(path)


def test_every_setting_is_read(tmp_path: Path) -> None:
    found = read(WHOLE, tmp_path)
    assert (found.state, found.workers, found.watch) == (Path("/var/lib/pneumoscope"), 2, Path.home() / "in")
    assert (found.web.port, found.web.certificate, found.web.private) == (443, Path("/etc/cert.pem"), False)
    assert found.dicom
    assert found.dicom.callers == (Caller("CT1", "10.0.0.5"), Caller("PACS"))
    assert found.retention.pixels == 3.5
    [target] = found.targets
    assert (target.sends, target.config["called"]) == (("sr", "sc"), "PACS")


def test_without_a_setting_only_this_machine_reaches_it(tmp_path: Path) -> None:
    found = read("", tmp_path)
    assert found == Settings()
    assert found.web.private
    assert found.dicom is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("state = 3", "3 is no path"),
        ("stat = 'x'", "no setting 'stat'"),
        ("[web]\nports = 1", "no setting 'ports'"),
        ("[[targets]]\nname = 'a'\nkind = 'dicom'\nsend = []", "no setting 'send'"),
        ("[dicom]\nport = 99999", "99999 is no TCP port"),
        ("state = ", "Invalid value"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        read(text, tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.toml: the settings cannot be read"):
        read_settings(tmp_path / "none.toml")


def test_the_settings_of_the_containers_are_settings() -> None:
    found = read_settings(Path(__file__).parents[2] / "deploy" / "station.toml")
    assert found.dicom
    assert found.web.behind_proxy
    assert [build_target(target.kind, target.config) for target in found.targets]
