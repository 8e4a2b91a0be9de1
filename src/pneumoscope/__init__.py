"""Pneumoscope screens children's chest radiographs for pneumonia. Research use; not a medical device."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pneumoscope.screening.screener import Screener

from pneumoscope._version import __version__ as __version__


def load(bundle: Path | None = None) -> "Screener":
    """Load a model bundle, ready to screen: ``pneumoscope.load().screen("film.jpeg")``.

    Args:
        bundle: the bundle file; None for the one inside the package.

    Raises:
        BundleError: when the file is missing, damaged, no bundle, or of an unknown schema.
    """
    from pneumoscope.screening.screener import Screener

    return Screener(bundle)
