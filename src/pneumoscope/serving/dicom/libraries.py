"""The libraries of this room, loaded at once and not by the first film."""

from pneumoscope.extras import needed


def load_libraries() -> None:
    """Import what threads of the station use later. Two threads that import parts of one library at once may both fail.

    Raises:
        MissingExtraError: the extra ``serve`` is not installed.
    """
    with needed("The station", "serve"):
        import pynetdicom.ae
        import pynetdicom.transport  # noqa: F401
