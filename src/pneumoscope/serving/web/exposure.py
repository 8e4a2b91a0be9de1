"""Who may reach the station, and what it asks for before it lets them."""

from pneumoscope.errors import DataError
from pneumoscope.serving.settings import WebSettings
from pneumoscope.serving.store.people import People


def check_exposure(settings: WebSettings, people: People) -> None:
    """Refuse to open the station to others without accounts, or without encryption.

    Raises:
        DataError: what is missing, and what to do.
    """
    if (settings.certificate is None) != (settings.key is None):
        raise DataError("TLS needs both: web.certificate and web.key. Name the two PEM files in the settings.")
    for path in (settings.certificate, settings.key):
        if path and not path.is_file():
            raise DataError(f"{path}: there is no such file; web.certificate and web.key name PEM files.")
    if settings.private:
        return
    if not (settings.certificate or settings.behind_proxy):
        raise DataError(
            f"On {settings.host} others would reach the station without encryption. Give web.certificate and web.key, "
            "or set web.behind_proxy where a reverse proxy on this machine ends TLS, or stay on 127.0.0.1."
        )
    if not people.has_administrator():
        raise DataError(
            "Others would reach the station, and it has no account of an administrator. Make one first: "
            "pneumoscope serve --add-account NAME --role administrator"
        )
