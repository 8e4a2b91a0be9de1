"""What an operator may choose, in one TOML file. Everything has a default that is safe on one machine."""

import dataclasses
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pneumoscope.errors import DataError
from pneumoscope.serving.dicom.node import DicomSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")

FREE = 2 * 2**30
"""Bytes that stay free on the disk: below, no film is taken."""


@dataclass(frozen=True)
class WebSettings:
    """The web server.

    Attributes:
        host: address to listen on.
        port: TCP port; 0 for any free one.
        certificate: PEM file of the server's certificate; None for plain HTTP.
        key: PEM file of its private key.
        behind_proxy: a reverse proxy in front of it ends TLS.
    """

    host: str = "127.0.0.1"
    port: int = 8010
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False

    @property
    def private(self) -> bool:
        """Whether nobody but this machine can reach it."""
        return self.host in LOOPBACK and not self.behind_proxy


@dataclass(frozen=True)
class Retention:
    """How long things are kept, in days after they were made; 0 keeps them for ever.

    Attributes:
        pixels: films as they were received.
        results: results with their pictures and reports.
        journal: journals; each month has one.
    """

    pixels: float = 30
    results: float = 0
    journal: float = 0


@dataclass(frozen=True)
class TargetSettings:
    """Where results are sent.

    Attributes:
        name: for people.
        kind: "dicom", "stow" or "folder".
        sends: which of "sr", "sc" and "json".
        config: of the kind; see ``serving.dicom.targets``.
    """

    name: str
    kind: str
    sends: tuple[str, ...]
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """All of it.

    Attributes:
        state: folder for films, results, the database and the journals. On a local disk, never on a network share.
        bundle: model bundle; None for the released one.
        site: site profile; None for none.
        workers: films judged at once; None for the usable cores.
        free: bytes of the disk that stay free; below, no film is taken.
        watch: a folder whose files are taken as films and removed from it; None for none.
        web: the web server.
        dicom: the DICOM node; None for none.
        retention: how long things are kept.
        targets: where results are sent. One that is not yet known by its name is added at the start.
    """

    state: Path = Path("pneumoscope-station")
    bundle: Path | None = None
    site: Path | None = None
    workers: int | None = None
    free: int = FREE
    watch: Path | None = None
    web: WebSettings = field(default_factory=WebSettings)
    dicom: DicomSettings | None = None
    retention: Retention = field(default_factory=Retention)
    targets: tuple[TargetSettings, ...] = ()


def read_settings(path: Path) -> Settings:
    """Read a TOML file.

    Raises:
        DataError: it cannot be read, is no TOML, or has a value or a name that is not known.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        settings: Settings = convert(values, Settings)
        return settings
    except OSError as error:
        raise DataError(f"{path}: the settings cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise DataError(f"{path}: {error}. docs/station.md has all settings.") from error


def convert(values: Any, kind: Any) -> Any:
    """Make a settings object of plain values; a name that it does not have is refused.

    Raises:
        msgspec.ValidationError: a value does not fit.
    """
    _check_names(values, kind)
    return msgspec.convert(values, kind, dec_hook=_decode)


def _decode(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise msgspec.ValidationError(f"{value!r} is no {'path' if kind is Path else kind.__name__}")


def _check_names(values: Any, kind: Any) -> None:
    """Refuse names that are misspelt; msgspec passes them over in a dataclass."""
    if not isinstance(values, dict) or not dataclasses.is_dataclass(kind):
        return
    types = typing.get_type_hints(kind)
    for name, value in values.items():
        if name not in types:
            known = ", ".join(sorted(types))
            raise msgspec.ValidationError(f"there is no setting {name!r}; known here are {known}")
        for part in (types[name], *typing.get_args(types[name])):
            for one in value if isinstance(value, list) else (value,):
                _check_names(one, part)
