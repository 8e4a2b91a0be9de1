"""One resumable, verified download, on the standard library."""

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from pneumoscope._version import __version__
from pneumoscope.errors import DataError
from pneumoscope.progress import Progress

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as lost."""

_ATTEMPTS = 4
_CHUNK = 1 << 20


class FetchError(DataError):
    """Something could not be downloaded; the message says why."""


class _DroppedError(Exception):
    """The connection ended before the file did."""


def open_url(url: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    """Open an http(s) address for reading.

    Raises:
        FetchError: the address is of another kind.
        urllib.error.HTTPError: the server refused.
        OSError: there is no connection.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        raise FetchError(f"refused to open {url}: only http and https are fetched")
    agent = {"User-Agent": f"pneumoscope/{__version__}"}
    request = urllib.request.Request(url, headers=agent | (headers or {}))  # noqa: S310 - scheme checked above
    response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310 - and here
    return response


def as_fetch_error(error: Exception, url: str) -> FetchError:
    """Put a failed request into words."""
    host = urlsplit(url).netloc
    if isinstance(error, urllib.error.HTTPError):
        return FetchError(f"{host} answered {error.code} ({error.reason}).")
    return FetchError(f"No connection to {host} ({getattr(error, 'reason', None) or error}).")


def download(url: str, target: Path, size: int, sha256: str | None, report: Progress) -> None:
    """Download a file, going on where an earlier try stopped.

    Bytes gather in ``<target>.part``, which becomes ``target`` only when its size and its checksum are right. A server
    that cannot resume is asked for the whole file again.

    Args:
        url: http or https address.
        target: where the file goes; a file already there was verified when it was put there and is kept.
        size: length in bytes.
        sha256: hex digest, or None where the source publishes none; then only the size is checked.
        report: called as bytes arrive.

    Raises:
        FetchError: no connection, the server refused, the connection dropped again and again (the part stays, so the
            next try goes on from it), or the checksum is wrong (the part is removed).
    """
    if target.exists():
        return
    part = target.with_name(target.name + ".part")
    for _ in range(_ATTEMPTS):
        try:
            _transfer(url, part, size, report)
            break
        except _DroppedError:
            continue
    else:
        have = part.stat().st_size if part.exists() else 0
        raise FetchError(
            f"The download of {target.name} broke off {_ATTEMPTS} times, at {have:,} of {size:,} bytes. "
            "Run the same command again to go on from there."
        )
    if sha256 is not None:
        _verify(part, sha256, report)
    part.replace(target)


def _transfer(url: str, part: Path, size: int, report: Progress) -> None:
    """Append what is missing of a file.

    Raises:
        _DroppedError: less or more than the file arrived; worth another try.
        FetchError: not worth another try.
    """
    have = part.stat().st_size if part.exists() else 0
    if have > size:  # not a beginning of this file
        part.unlink()
        have = 0
    if have == size:
        return
    try:
        response = open_url(url, {"Range": f"bytes={have}-"} if have else None)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()
            raise _DroppedError from error
        raise as_fetch_error(error, url) from error
    except OSError as error:
        raise as_fetch_error(error, url) from error
    with response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        _receive(response, part, have if resumed else 0, size, report)


def _receive(response: http.client.HTTPResponse, part: Path, have: int, size: int, report: Progress) -> None:
    """Write a response to the part, after its first ``have`` bytes; never past ``size``."""
    with part.open("ab" if have else "wb") as stream:
        try:
            while have < size and (chunk := response.read(min(_CHUNK, size - have))):
                stream.write(chunk)
                have += len(chunk)
                report("downloading", have, size)
        except (OSError, http.client.HTTPException) as error:
            raise _DroppedError from error
    if have < size:
        raise _DroppedError


def _verify(part: Path, sha256: str, report: Progress) -> None:
    report("verifying", 0, None)
    with part.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256.lower():
        part.unlink()
        raise FetchError(
            f"The checksum of the download is wrong (sha256 {found}, published {sha256.lower()}), so it was removed. "
            "Run the same command again; if it happens again, something between here and the source changes the file."
        )
