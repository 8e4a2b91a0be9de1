"""From a configuration to a target."""

from pathlib import Path
from typing import Annotated, Any

import msgspec

from pneumoscope.errors import DataError
from pneumoscope.serving.dicom.targets.contract import Target
from pneumoscope.serving.dicom.targets.dicom_target import DicomTarget
from pneumoscope.serving.dicom.targets.folder_target import FolderTarget
from pneumoscope.serving.dicom.targets.stow_target import Login, StowTarget
from pneumoscope.serving.dicom.tls import Tls

_AeTitle = Annotated[str, msgspec.Meta(pattern=r"^(?! )[ -\[\]-~]{1,16}(?<! )$")]
_Host = Annotated[str, msgspec.Meta(pattern=r"^[^\s/]{1,253}$")]
_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
_Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
_Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s@/?#]+(/[^\s?#]*)?$")]
_Path = Annotated[str, msgspec.Meta(min_length=1)]


class _Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every kind has in common: an unknown key is an error, and no value comes into a text."""

    def __repr__(self) -> str:
        return type(self).__name__


class _Tls(_Settings, frozen=True):
    certificate: _Path | None = None
    key: _Path | None = None
    authorities: _Path | None = None


class _Dicom(_Settings, frozen=True):
    host: _Host
    port: _Port
    called: _AeTitle
    calling: _AeTitle = "PNEUMOSCOPE"
    timeout: _Seconds = 30.0
    tls: _Tls | None = None

    def build(self) -> Target:
        return DicomTarget(self.host, self.port, self.called, self.calling, self.timeout, _files(self.tls))


class _Stow(_Settings, frozen=True):
    url: _Url
    user: str | None = None
    password: str | None = None
    token: str | None = None
    timeout: _Seconds = 30.0
    tls: _Tls | None = None

    def build(self) -> Target:
        if self.token is not None and self.user is not None:
            raise DataError("target of kind stow: give a user or a token, not both")
        login = Login(self.user, self.password, self.token)
        return StowTarget(self.url, self.timeout, login, _files(self.tls))


class _Folder(_Settings, frozen=True):
    path: _Path

    def build(self) -> Target:
        return FolderTarget(Path(self.path))


_KINDS: dict[str, type[_Dicom] | type[_Stow] | type[_Folder]] = {"dicom": _Dicom, "stow": _Stow, "folder": _Folder}
KINDS = tuple(_KINDS)
"""The kinds of target."""


def build_target(kind: str, config: dict[str, Any]) -> Target:
    """Make a target from its settings. Nothing is sent yet.

    Args:
        kind: one of :data:`KINDS`.
        config: ``dicom``: host, port, called, calling, timeout, tls. ``stow``: url, user and password or token,
            timeout, tls. ``folder``: path. ``tls`` holds the paths certificate, key and authorities.

    Raises:
        DataError: there is no such kind, or a setting is missing, unknown or of no use. No value is in the text.
    """
    if kind not in _KINDS:
        raise DataError(f"there is no such kind of target; take one of: {', '.join(KINDS)}")
    try:
        return msgspec.convert(config, _KINDS[kind]).build()
    except msgspec.ValidationError as error:
        raise DataError(f"target of kind {kind}: {error}") from error


def _files(tls: _Tls | None) -> Tls | None:
    if tls is None:
        return None
    paths = (tls.certificate, tls.key, tls.authorities)
    return Tls(*(Path(path) if path else None for path in paths))
