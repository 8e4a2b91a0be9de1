"""The seal of a bundle: its last bytes, a second metadata entry of the ONNX file.

The entry holds what the reference films of the self-test scored when the bundle was made, and one digest over all bytes
before the entry and over the entry itself. So any changed byte of a bundle is noticed when it is loaded, and the record
of the self-test is covered by the bundle's own SHA-256. Protobuf lets a field be appended to a file: the entry is
written and read without the library onnx.

A seal shows what was changed by accident. Whoever changes a bundle on purpose can seal it again, or take the seal off:
only the SHA-256 of the whole file tells that one.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from pneumoscope.errors import BundleError
from pneumoscope.files import replacing

KEY = b"pneumoscope.selftest"
_END = 1 << 16
_LENGTH = rb"[\x80-\xff]*[\0-\x7f]"
_ENTRY = re.compile(rb"r%b\n\x14%b\x12%b([0-9a-f]{64})\n(.*)\Z" % (_LENGTH, re.escape(KEY), _LENGTH), re.DOTALL)


@dataclass(frozen=True)
class ReferenceResult:
    """What a reference film came to.

    Attributes:
        film: its file name.
        sha256: hex digest of the file.
        status: "screened" or "not_assessed".
        reason: the coded reason where it was not assessed.
        score: raw logit of pneumonia; this and what follows only where it was screened.
        probability: calibrated probability of pneumonia, 0..1.
        viral_probability: 0..probability.
        finding: at the bundle's default operating point.
    """

    film: str
    sha256: str
    status: str
    reason: str | None
    score: float | None
    probability: float | None
    viral_probability: float | None
    finding: str | None


@dataclass(frozen=True)
class SelfTestRecord:
    """What a self-test expects.

    Attributes:
        runtime: that did the arithmetic.
        package_version: of pneumoscope.
        tolerance: on the score, in log odds, above 0: what another runtime may make of the same film.
        films: one entry for each reference film.
    """

    runtime: str
    package_version: str
    tolerance: float
    films: tuple[ReferenceResult, ...]


Sealed = tuple[str, SelfTestRecord | None]
"""The hex SHA-256 of a bundle, and what its self-test expects; None where it has no seal."""


def seal(bundle: Path, record: SelfTestRecord) -> None:
    """Write a seal at the end of a bundle, in place of an earlier one, in one step.

    Raises:
        OSError: the file cannot be read or written.
    """
    content = bundle.read_bytes()
    if earlier := _ENTRY.search(content, max(0, len(content) - _END)):
        content = content[: earlier.start()]
    said = msgspec.json.encode({KEY.decode(): record}, order="sorted")
    entry = _entry(_digest(hashlib.sha256(content).hexdigest(), said), said)
    with replacing(bundle) as stream:
        stream.write(content + entry)


def read_sealed(bundle: Path) -> Sealed:
    """Read all bytes of a bundle once, for its SHA-256 and its seal.

    Raises:
        BundleError: the file cannot be read, or its seal says that a byte of it was changed.
    """
    try:
        with bundle.open("rb") as stream:
            return _read(stream, bundle)
    except OSError as problem:
        raise BundleError(f"{bundle}: the model bundle cannot be read ({problem.strerror}).") from problem


def _read(stream: BinaryIO, bundle: Path) -> Sealed:
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _END))
    end = stream.read()
    found = _ENTRY.search(end)
    start = size - (len(end) - found.start()) if found else size
    stream.seek(0)
    digest = hashlib.sha256()
    while start > stream.tell():
        digest.update(stream.read(min(1 << 20, start - stream.tell())))
    if found is None:
        if KEY in end:
            raise _changed(bundle)
        return digest.hexdigest(), None
    claimed, said = found[1], found[2]
    if claimed != _digest(digest.hexdigest(), said) or found[0] != _entry(claimed, said):
        raise _changed(bundle)
    digest.update(found[0])
    try:
        [record] = msgspec.json.decode(said, type=dict[str, SelfTestRecord]).values()
    except (msgspec.MsgspecError, ValueError) as problem:
        raise BundleError(f"{bundle}: its self-test is of another version; update pneumoscope.") from problem
    return digest.hexdigest(), record


def _changed(bundle: Path) -> BundleError:
    return BundleError(f"{bundle}: a byte of the model bundle was changed after it was made; copy or install it again.")


def _digest(before: str, said: bytes) -> bytes:
    return hashlib.sha256(before.encode() + said).hexdigest().encode()


def _entry(digest: bytes, said: bytes) -> bytes:
    """Field 14 of an ONNX ModelProto, metadata_props: a key and a value, each with its length before it."""
    return b"r" + _sized(b"\n" + _sized(KEY) + b"\x12" + _sized(digest + b"\n" + said))


def _sized(content: bytes) -> bytes:
    length, prefix = len(content), b""
    while length > 127:
        prefix, length = prefix + bytes([length & 127 | 128]), length >> 7
    return prefix + bytes([length]) + content
