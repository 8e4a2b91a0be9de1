"""Results to an archive by DICOMweb: STOW-RS, and QIDO-RS to ask what is there."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pneumoscope.extras import needed
from pneumoscope.serving.dicom.objects import quietly, silence_libraries
from pneumoscope.serving.dicom.targets.contract import Outgoing, TargetError, only_dicom
from pneumoscope.serving.dicom.tls import Tls

if TYPE_CHECKING:
    from pydicom import Dataset

_WHOLE = 2**30  # bytes up to which a request is not cut into chunks, which some servers refuse
_CONFLICT = 409
_NO_DICOMWEB = "The target's answer is no DICOMweb: check the URL."
_LATER = (408, 425, 429)  # besides 5xx: what goes away by itself


@dataclass(frozen=True)
class Login:
    """How to log in.

    Attributes:
        user: for basic authentication; None without it.
        password: its password.
        token: a bearer token; None without one.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


class StowTarget:
    """A DICOMweb service."""

    def __init__(self, url: str, timeout: float, login: Login | None = None, tls: Tls | None = None) -> None:
        """Name the service; nothing is sent yet.

        Args:
            url: where it begins, so that ``/studies`` follows.
            timeout: seconds to wait for it.
            login: how to log in; None where it needs none.
            tls: the files for https; None for the system's authorities and no certificate of ours.
        """
        self._url, self._timeout, self._login, self._tls = url.rstrip("/"), timeout, login or Login(), tls or Tls()

    def test(self) -> str:
        """Ask by QIDO for at most one study; see ``Target``."""
        with self._client() as client:
            client.search_for_studies(limit=1)
        return "The target answered a search for studies (QIDO-RS)."

    def has(self, study: str, series: str, instance: str) -> bool | None:
        """Ask by QIDO; see ``Target``."""
        try:
            with self._client() as client:
                found = client.search_for_instances(study, series, search_filters={"SOPInstanceUID": instance})
        except TargetError as error:
            return False if error.__cause__ is not None and _code(error.__cause__) == 404 else None
        return any(item.get("00080018", {}).get("Value") == [instance] for item in found)

    def send(self, things: Sequence[Outgoing]) -> None:
        """Send by STOW, one by one, so that the answer is about one thing; see ``Target``."""
        from pydicom import dcmread

        only_dicom(things)
        for thing in things:
            try:
                with self._client() as client:
                    answer = client.store_instances([dcmread(io.BytesIO(thing.content))])
            except TargetError as error:
                if error.__cause__ is not None and _code(error.__cause__) == _CONFLICT and self._has(thing):
                    continue
                raise
            if not _stored(answer, thing) and not self._has(thing):
                raise TargetError("The target did not say that it stored an object.", permanent=False)

    def _has(self, thing: Outgoing) -> bool:
        return bool(thing.study and thing.series and thing.instance) and bool(
            self.has(str(thing.study), str(thing.series), str(thing.instance))
        )

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """A client for one call, whose failures become sentences.

        Raises:
            TargetError: the service cannot be reached or refuses.
        """
        with needed("Sending by DICOMweb", "serve"):
            import requests
            from dicomweb_client.web import DICOMwebClient
        silence_libraries()
        with requests.Session() as session:
            self._prepare(session)
            client = DICOMwebClient(self._url, session=session, timeout=self._timeout, chunk_size=_WHOLE)
            client.set_http_retry_params(retry=False)  # the outbox tries again
            try:
                with quietly():
                    yield client
            except requests.HTTPError as error:
                code = _code(error)
                raise TargetError(_sentence(code), permanent=400 <= code < 500 and code not in _LATER) from error
            except requests.exceptions.InvalidJSONError as error:
                raise TargetError(_NO_DICOMWEB, permanent=False) from error
            except requests.exceptions.SSLError as error:
                raise TargetError("TLS failed: check the certificates of both sides.", permanent=False) from error
            except requests.RequestException as error:
                raise TargetError("The target cannot be reached, or answers too late.", permanent=False) from error
            except (TypeError, ValueError, KeyError) as error:  # what a body that is no DICOMweb becomes
                raise TargetError(_NO_DICOMWEB, permanent=False) from error

    def _prepare(self, session: Any) -> None:
        session.trust_env = False  # no proxy and no password that somebody left in the environment
        login, tls = self._login, self._tls
        if login.user is not None:
            session.auth = (login.user, login.password or "")
        if login.token is not None:
            session.headers["Authorization"] = f"Bearer {login.token}"
        if tls.authorities:
            session.verify = str(tls.authorities)
        if tls.certificate:
            session.cert = (str(tls.certificate), str(tls.key)) if tls.key else str(tls.certificate)


def _code(error: BaseException) -> int:
    """The HTTP status behind an error; 0 without one."""
    response = getattr(error, "response", None)
    return 0 if response is None else int(response.status_code)


def _sentence(code: int) -> str:
    if code in (401, 403):
        return f"The target refused the login (HTTP {code})."
    if code == _CONFLICT:
        return "The target refused an object (HTTP 409), and does not hold it."
    return f"The target answered with HTTP {code}."


def _stored(answer: Dataset, thing: Outgoing) -> bool:
    """Whether the answer to a STOW names the object as stored."""
    return any(
        item.get("ReferencedSOPInstanceUID") == thing.instance for item in answer.get("ReferencedSOPSequence") or ()
    )
