"""TLS for DICOM, by configuration: version 1.2 or newer, as BCP 195 asks for."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.errors import DataError


@dataclass(frozen=True)
class Tls:
    """The files that TLS needs.

    Attributes:
        certificate: our certificate with its chain, PEM; None for a caller that shows none.
        key: its private key, PEM; None where the certificate's file holds it.
        authorities: the certificates that the other side's must rest on, PEM; None for the system's where we call,
            and, where we are called, for callers that need to show none.
    """

    certificate: Path | None = None
    key: Path | None = None
    authorities: Path | None = None


def server_context(tls: Tls) -> ssl.SSLContext:
    """The context of the side that is called; with authorities, a caller must show a certificate of theirs.

    Raises:
        DataError: there is no certificate, or a file cannot be used.
    """
    if tls.certificate is None:
        raise DataError("TLS needs a certificate: name the files of the certificate and its key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, tls)
    if tls.authorities:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(tls: Tls) -> ssl.SSLContext:
    """The context of the side that calls; the other's certificate and host name are checked.

    Raises:
        DataError: a file cannot be used.
    """
    context = ssl.create_default_context()
    if tls.authorities:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _load(context, tls)
    return context


def _load(context: ssl.SSLContext, tls: Tls) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if tls.authorities:
            context.load_verify_locations(tls.authorities)
        if tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key, password=_no_password)
    except OSError as error:  # ssl.SSLError is one; its text may quote the file
        raise DataError(
            "the files for TLS cannot be used: check that the certificate, its key (without a password) and the "
            "authorities are there, may be read, and are PEM"
        ) from error


def _no_password() -> str:
    """Instead of a question on the terminal, which would stop a service."""
    return ""
