"""Archives that point outside themselves, swell, or hold links."""

import stat
import zipfile
from pathlib import Path

import pytest
from archives import make_archive

from pneumoscope.data.public.download import FetchError
from pneumoscope.data.public.unpacking import unpack


@pytest.mark.parametrize(
    "name",
    ["../train/NORMAL/a.jpeg", "/train/NORMAL/a.jpeg", "x/../../train/NORMAL/a.jpeg", "..\\train\\NORMAL\\a.jpeg"],
)
def test_archive_that_points_outside_itself_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(make_archive({name: b"evil"}))
    with pytest.raises(FetchError, match="outside itself"):
        unpack(archive, tmp_path / "inner" / "films")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    link = zipfile.ZipInfo("chest_xray/train/NORMAL/link.jpeg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr(link, "/etc/passwd")
    with pytest.raises(FetchError, match="link"):
        unpack(archive, tmp_path / "films")


def test_archive_that_swells_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(make_archive({"chest_xray/train/NORMAL/big.jpeg": bytes(10**6)}))
    assert archive.stat().st_size < 100_000
    with pytest.raises(FetchError, match="more than the 500,000 allowed"):
        unpack(archive, tmp_path / "films", limit=500_000)
    assert not (tmp_path / "films").exists()
