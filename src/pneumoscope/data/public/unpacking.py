"""Take the films, and nothing else, out of an archive that is not trusted."""

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from pneumoscope.data.public.download import FetchError

SPLIT_FOLDERS = ("train", "val", "test")
CLASS_FOLDERS = ("NORMAL", "PNEUMONIA")

MAX_UNPACKED = 6 * 10**9
"""Most bytes that the films of an archive may declare; the public release holds 1.2 GB."""


def unpack(archive: Path, folder: Path, limit: int = MAX_UNPACKED) -> int:
    """Unpack ``.../<split>/<CLASS>/<name>.jpeg`` into ``folder/<split>/<CLASS>/<name>.jpeg``.

    Places are built from the known folder names and the bare file name, so nothing can land elsewhere; an archive that
    tries is refused all the same, since it is not the release. Other members, like hidden files, are left out.

    Returns:
        Number of films.

    Raises:
        FetchError: not a zip archive, damaged, with unsafe names, links or encryption, or larger than ``limit`` bytes.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            films = {place: info for info in content.infolist() if (place := _place(info)) is not None}
            declared = sum(info.file_size for info in films.values())
            if declared > limit:
                raise FetchError(f"{archive.name} would unpack to {declared:,} bytes, more than the {limit:,} allowed.")
            for place, info in films.items():
                target = folder.joinpath(*place)
                target.parent.mkdir(parents=True, exist_ok=True)
                with content.open(info) as source, target.open("wb") as stream:
                    # reads no further than file_size, and checks the CRC at its end
                    shutil.copyfileobj(source, stream, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise FetchError(f"{archive.name} is damaged ({error}).") from error
    return len(films)


def _place(info: zipfile.ZipInfo) -> tuple[str, str, str] | None:
    """Split, class and file name of a film; None for what is no film.

    Raises:
        FetchError: the member has an unsafe name, is a link, or is encrypted.
    """
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
        raise FetchError(f"The archive names a place outside itself ({info.filename!r}), so it was not unpacked.")
    if stat.S_ISLNK(info.external_attr >> 16) or info.flag_bits & 1:
        raise FetchError(f"The archive holds a link or an encrypted file ({info.filename!r}), so it was not unpacked.")
    if info.is_dir() or len(path.parts) < 3 or path.parts[0] == "__MACOSX" or path.name.startswith("."):
        return None
    split, label, name = path.parts[-3:]
    if split not in SPLIT_FOLDERS or label not in CLASS_FOLDERS or path.suffix.lower() != ".jpeg":
        return None
    return split, label, name
