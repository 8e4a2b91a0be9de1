"""Bodies of requests, read piece by piece with a limit at every step: nothing is taken in that is too large."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import Request

from pneumoscope.imaging.limits import MAX_BYTES
from pneumoscope.serving.web.problems import ProblemError

MOST_FILES = 50
"""Most parts of a request."""

MOST_REQUEST = 2**30
"""Most bytes of a request of several parts."""

PATIENCE = 30.0
"""Seconds between two pieces of a body after which nobody waits any more."""

_MOST_HEADERS = 8192  # bytes of the headers of one part


@dataclass
class Part:
    """One part of a multipart body.

    Attributes:
        headers: by lower-case name.
        content: of the part.
    """

    headers: dict[str, str] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)

    @property
    def field(self) -> str:
        """The name of the form's field; empty where it has none."""
        return self._said("name")

    @property
    def file(self) -> str:
        """The name of the file, without folders; empty where it has none."""
        return self._said("filename").replace("\\", "/").rpartition("/")[2]

    def _said(self, option: str) -> str:
        from python_multipart.multipart import parse_options_header

        options = parse_options_header(self.headers.get("content-disposition"))[1]
        return options.get(option.encode(), b"").decode("utf-8", "backslashreplace")


async def read_body(request: Request, most: int = MAX_BYTES) -> bytes:
    """Read a body that is one file.

    Raises:
        ProblemError: it is too large, or does not come.
    """
    content = bytearray()
    async for piece in _pieces(request, most):
        content += piece
    return bytes(content)


async def read_parts(request: Request) -> AsyncIterator[Part]:
    """Read a body of several parts; each is given when it is whole.

    Raises:
        ProblemError: it is no such body, a part or the whole is too large, or it does not come.
    """
    from python_multipart.exceptions import MultipartParseError
    from python_multipart.multipart import MultipartParser, parse_options_header

    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if not kind.startswith(b"multipart/") or b"boundary" not in options:
        raise ProblemError(415)
    collected = _Collected()
    try:
        parser = MultipartParser(options[b"boundary"], collected.callbacks())  # type: ignore[arg-type]
        async for piece in _pieces(request, MOST_REQUEST):
            parser.write(piece)
            for part in collected.take():
                yield part
        parser.finalize()
    except MultipartParseError:
        raise ProblemError(400, "The parts of the request cannot be told apart: its boundary is wrong.") from None
    if not collected.ended:
        raise ProblemError(400, "The request breaks off; send it again.")


async def _pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise _too_large(most)
    taken, stream = 0, request.stream().__aiter__()
    while True:
        try:
            piece = await asyncio.wait_for(anext(stream), PATIENCE)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ProblemError(408) from None
        taken += len(piece)
        if taken > most:
            raise _too_large(most)
        yield piece


def _too_large(most: int) -> ProblemError:
    return ProblemError(413, f"At most {most // 2**20} MiB are taken here.", headers={"Connection": "close"})


class _Collected:
    """What the parser says, put together."""

    def __init__(self) -> None:
        self.ended = False
        self._count = 0
        self._name = self._value = b""
        self._part = Part()
        self._whole: list[Part] = []

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_name,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_part_data": self._add_data,
            "on_part_end": lambda: self._whole.append(self._part),
            "on_end": lambda: setattr(self, "ended", True),
        }

    def take(self) -> list[Part]:
        taken, self._whole = self._whole, []
        return taken

    def _begin(self) -> None:
        self._count += 1
        if self._count > MOST_FILES + 2:  # and two fields of a form
            raise ProblemError(413, f"At most {MOST_FILES} files are taken at once.", headers={"Connection": "close"})
        self._part = Part()

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._check_header()

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if len(self._name) + len(self._value) > _MOST_HEADERS:
            raise ProblemError(400, "A part of the request has headers that are too long.")

    def _end_header(self) -> None:
        self._part.headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name = self._value = b""

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if len(self._part.content) + end - start > MAX_BYTES:
            raise _too_large(MAX_BYTES)
        self._part.content += data[start:end]
