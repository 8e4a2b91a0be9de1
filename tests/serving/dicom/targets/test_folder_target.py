"""Results as files in a folder."""

from pathlib import Path

import pydicom
import pytest
from target_contract import TargetContract, make_outgoing

from pneumoscope.serving.dicom.targets import Outgoing, Target, TargetError, build_target


class TestFolderTarget(TargetContract):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return build_target("folder", {"path": str(tmp_path / "results")})

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> Target:
        (tmp_path / "file").touch()
        return build_target("folder", {"path": str(tmp_path / "file" / "results")})

    def test_a_file_is_named_by_its_uid_and_nothing_else_is_left(self, target: Target, tmp_path: Path) -> None:
        thing = make_outgoing()
        target.send([thing, Outgoing("one.json", b"{}\n", "json")])
        target.test()
        assert sorted(path.name for path in (tmp_path / "results").iterdir()) == [f"{thing.instance}.dcm", "one.json"]
        assert pydicom.dcmread(tmp_path / "results" / f"{thing.instance}.dcm").SOPInstanceUID == thing.instance

    @pytest.mark.parametrize("name", ["", ".", "..", "../one.json", "a/b.json", "a\\b.json"])
    def test_no_name_leads_out_of_the_folder(self, target: Target, tmp_path: Path, name: str) -> None:
        with pytest.raises(TargetError, match="name") as caught:
            target.send([Outgoing(name, b"{}", "json")])
        assert caught.value.permanent
        assert not list(tmp_path.rglob("*.json"))
