"""Bring the public release of the children's chest films, from Kaggle or from Mendeley Data.

Whatever stops a fetch, the target folder is either as it was or complete: everything happens in a sibling folder
``<out>.part``, from which the next try goes on.
"""

import http.client
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pneumoscope.data.layout import fingerprint
from pneumoscope.data.public.download import FetchError, as_fetch_error, download, open_url
from pneumoscope.data.public.unpacking import CLASS_FOLDERS, SPLIT_FOLDERS, unpack
from pneumoscope.errors import DataError
from pneumoscope.extras import needed
from pneumoscope.files import json_text, sha256, write_text
from pneumoscope.progress import Progress

LICENCE = "CC BY 4.0"
CITATION = (
    "Kermany D, Zhang K, Goldbaum M (2018). Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for "
    "Classification. Mendeley Data, V2. doi:10.17632/rscbjbr9sj.2"
)
RECORD = "release.json"
"""File in the fetched folder that says what it is."""

_SUFFIX = ".jpeg"


@dataclass(frozen=True)
class Release:
    """One place that publishes the films.

    Attributes:
        source: name for people.
        page: the page to open by hand.
        by_hand: what to download there.
        counts: films per folder, as "train/NORMAL": what a complete release holds.
        base: address of Mendeley's public API, or Kaggle's dataset handle.
    """

    source: str
    page: str
    by_hand: str
    counts: dict[str, int]
    base: str


MENDELEY = Release(
    source="Mendeley Data, doi:10.17632/rscbjbr9sj, version 2",
    page="https://data.mendeley.com/datasets/rscbjbr9sj/2",
    by_hand="ChestXRay2017.zip (1.2 GB)",
    counts={"train/NORMAL": 1349, "train/PNEUMONIA": 3883, "test/NORMAL": 234, "test/PNEUMONIA": 390},
    base="https://data.mendeley.com/public-api",
)
"""Version 3 of the same record holds the films too, but only inside an archive of 8 GB with eye scans."""

KAGGLE = Release(
    source="Kaggle, paultimothymooney/chest-xray-pneumonia",
    page="https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia",
    by_hand="the dataset (2.3 GB)",
    counts={
        "train/NORMAL": 1341,
        "train/PNEUMONIA": 3875,
        "val/NORMAL": 8,
        "val/PNEUMONIA": 8,
        "test/NORMAL": 234,
        "test/PNEUMONIA": 390,
    },
    base="paultimothymooney/chest-xray-pneumonia",
)

_DATASET, _VERSION, _ARCHIVE = "rscbjbr9sj", 2, "ChestXRay2017.zip"


@dataclass(frozen=True)
class Fetched:
    """What a fetched folder holds; also the content of its RECORD.

    Attributes:
        source: where it came from.
        licence: of the films.
        citation: how the authors want to be cited.
        archive_sha256: published digest that the archive was verified against; None where none was published.
        counts: films per folder.
        fingerprint: one digest over all files, pneumoscope.data.layout.fingerprint.
    """

    source: str
    licence: str
    citation: str
    archive_sha256: str | None
    counts: dict[str, int]
    fingerprint: str

    @property
    def films(self) -> int:
        """Number of films."""
        return sum(self.counts.values())


def from_mendeley(out: Path, report: Progress, release: Release = MENDELEY) -> Fetched:
    """Download the films from Mendeley Data with the standard library, verified against the published sha256.

    Args:
        out: new or empty folder; gets train/ and test/ with NORMAL/ and PNEUMONIA/. A folder that was fetched before is
            left as it is.
        report: called with progress.
        release: where from.

    Raises:
        FetchError: no connection, a broken download, or an archive that is not the release. The message names the
            manual way.
        DataError: ``out`` holds something else.
    """

    def bring(work: Path) -> str | None:
        entry = _archive_entry(release)
        size, details = int(entry["size"]), entry["content_details"]
        digest = details.get("sha256_hash") or None
        _check_space(work, size)
        archive = work / _ARCHIVE
        download(str(details["download_url"]), archive, size, digest, report)
        report("unpacking", 0, None)
        try:
            unpack(archive, work / "films")
        except FetchError:
            archive.unlink()
            raise
        return digest

    return _fetch(out, release, bring)


def from_kaggle(out: Path, release: Release = KAGGLE) -> Fetched:
    """Download the films from Kaggle with kagglehub, which resumes, verifies and draws its own progress bar.

    Args:
        out: as for :func:`from_mendeley`.
        release: where from.

    Raises:
        MissingExtraError: kagglehub is not installed.
        FetchError, DataError: as for :func:`from_mendeley`.
    """
    with needed("Fetching from Kaggle (not --source mendeley)", "fetch"):
        import kagglehub

    def bring(work: Path) -> None:
        before = os.environ.get("KAGGLEHUB_CACHE")
        os.environ["KAGGLEHUB_CACHE"] = str(work / "kagglehub")
        try:
            root = Path(kagglehub.dataset_download(release.base))
        except Exception as error:  # kagglehub's errors and those of its transport have no common base
            raise FetchError(f"Kaggle gave no download ({type(error).__name__}).") from error
        finally:
            if before is None:
                del os.environ["KAGGLEHUB_CACHE"]
            else:
                os.environ["KAGGLEHUB_CACHE"] = before
        _move_films(root, work / "films")

    return _fetch(out, release, bring)


def _fetch(out: Path, release: Release, bring: Callable[[Path], str | None]) -> Fetched:
    """Let ``bring`` fill a working folder, check what came, and put it in place in one step."""
    if (out / RECORD).is_file():
        return read_record(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} is not an empty folder; name a new one, so that nothing in it is overwritten")
    work = out.with_name(out.name + ".part")
    films = work / "films"
    try:
        work.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(films, ignore_errors=True)  # of an earlier try that ended while unpacking
        digest = bring(work)
        fetched = Fetched(
            release.source, LICENCE, CITATION, digest, _complete(films, release), fingerprint_below(films)
        )
        write_text(films / RECORD, json_text(asdict(fetched)))
        if out.exists():
            out.rmdir()
        films.replace(out)
    except FetchError as error:
        if not any(work.iterdir()):
            work.rmdir()
        raise FetchError(f"{error}\n{_by_hand(out, release)}") from error
    except OSError as error:
        raise DataError(f"{error.filename or work}: cannot be written ({error.strerror})") from error
    shutil.rmtree(work)
    return fetched


def _archive_entry(release: Release) -> dict[str, Any]:
    """What the public API says of the archive: filename, size, content_details with sha256_hash and download_url."""
    url = f"{release.base}/datasets/{_DATASET}/files?folder_id=root&version={_VERSION}"
    try:
        with open_url(url, {"Accept": "application/vnd.mendeley-public-dataset.1+json"}) as response:
            listing = json.load(response)
    except (OSError, http.client.HTTPException) as error:
        raise as_fetch_error(error, url) from error
    except ValueError as error:
        raise FetchError(f"{url} answered something else than a list of files.") from error
    for entry in listing if isinstance(listing, list) else []:
        if entry.get("filename") == _ARCHIVE and {"size", "content_details"} <= entry.keys():
            return dict(entry)
    raise FetchError(f"{url} no longer lists {_ARCHIVE}.")


def _check_space(work: Path, archive: int) -> None:
    free, needed = shutil.disk_usage(work).free, 2 * archive + archive // 10
    if free < needed:
        raise DataError(
            f"{work.parent}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB free; choose another --out"
        )


def _move_films(root: Path, films: Path) -> None:
    """Move the release's folders out of a download; Kaggle's archive holds them twice, beside system files."""
    candidates = (folder.parent for folder in sorted(root.rglob("train"), key=lambda folder: len(folder.parts)))
    found = next((folder for folder in candidates if (folder / "test").is_dir()), None)
    if found is None:
        raise FetchError("The download holds no folder with train/ and test/.")
    for split in SPLIT_FOLDERS:
        for label in CLASS_FOLDERS:
            for path in (found / split / label).glob(f"[!.]*{_SUFFIX}"):
                (films / split / label).mkdir(parents=True, exist_ok=True)
                path.replace(films / split / label / path.name)


def _complete(films: Path, release: Release) -> dict[str, int]:
    """Films per folder.

    Raises:
        FetchError: they are not the release's.
    """
    places = [f"{split}/{label}" for split in SPLIT_FOLDERS for label in CLASS_FOLDERS]
    counts = {place: sum(1 for _ in (films / place).glob(f"*{_SUFFIX}")) for place in places}
    counts = {place: count for place, count in counts.items() if count}
    if counts != release.counts:
        raise FetchError(f"The download is not the release asked for: it holds {counts} films, not {release.counts}.")
    return counts


def fingerprint_below(folder: Path) -> str:
    """The fingerprint of all files in a fetched folder but its record and hidden ones."""
    files = (path for path in folder.rglob("[!.]*") if path.is_file() and path != folder / RECORD)
    return fingerprint(map(sha256, files))


def read_record(folder: Path) -> Fetched:
    """Read what a fetched folder says that it holds.

    Raises:
        DataError: the record is damaged.
    """
    record = folder / RECORD
    try:
        return Fetched(**json.loads(record.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataError(f"{record} is damaged; remove its folder and fetch again") from error


def _by_hand(out: Path, release: Release) -> str:
    folders = ", ".join(dict.fromkeys(place.split("/")[0] for place in release.counts))
    return (
        f"By hand: on a connected machine open {release.page}, download {release.by_hand}, unpack it, and put the "
        f"folders that lie in its chest_xray/ ({folders}) into {out}."
    )
