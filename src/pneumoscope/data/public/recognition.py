"""Whether films are those of the public release: by their content, and never by their names."""

from collections.abc import Iterable
from pathlib import Path

from pneumoscope.data.layout import fingerprint
from pneumoscope.data.public.fetch import RECORD, fingerprint_below, read_record
from pneumoscope.errors import DataError

KNOWN = frozenset({"3f719ed4a8fb439d408ac88752d6993ae3cc6434c5dc0b5116130f87c70c2289"})
"""Fingerprints of its distinct films that are no test films: of the copies of 224 x 224 pixels."""

POPULATION = "children aged 1 to 5 of one hospital in Guangzhou"


def is_public_release(source: Path, digests: Iterable[str]) -> bool:
    """Whether a source holds the public release, whole and unchanged.

    Args:
        source: a folder or a manifest. A folder that ``pneumoscope data fetch`` has filled is known by its record.
        digests: the SHA-256 of its distinct films, without the test films.
    """
    return fingerprint(digests) in KNOWN or _is_as_fetched(source)


def _is_as_fetched(source: Path) -> bool:
    if not (source / RECORD).is_file():
        return False
    try:
        return read_record(source).fingerprint == fingerprint_below(source)
    except DataError:
        return False
