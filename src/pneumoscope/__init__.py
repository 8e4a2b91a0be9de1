"""Pneumoscope screens chest radiographs for pneumonia. Research use; not a medical device.

    >>> import pneumoscope
    >>> with pneumoscope.load() as screener:
    ...     result = screener.screen("film.dcm")

The package logs to the logger ``pneumoscope``, which is silent unless the program configures it, and never with patient
data. What is not named in ``__all__`` may change in any version.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pneumoscope._version import __version__
from pneumoscope.errors import (
    BundleError,
    DataError,
    MissingExtraError,
    PneumoscopeError,
    TrainingError,
)

if TYPE_CHECKING:
    import os

    from pneumoscope.bundle.card import BundleCard
    from pneumoscope.decision.labels import Finding
    from pneumoscope.decision.operating_point import OperatingPoint
    from pneumoscope.imaging.header import Header
    from pneumoscope.imaging.radiograph import Remark
    from pneumoscope.imaging.refusal import Reason
    from pneumoscope.screening.result import HeatmapStatus, ModelIdentity, ScreeningResult, Status
    from pneumoscope.screening.screener import Screener

_HOMES = {
    "BundleCard": "bundle.card",
    "Finding": "decision.labels",
    "Header": "imaging.header",
    "HeatmapStatus": "screening.result",
    "ModelIdentity": "screening.result",
    "OperatingPoint": "decision.operating_point",
    "Reason": "imaging.refusal",
    "Remark": "imaging.radiograph",
    "Screener": "screening.screener",
    "ScreeningResult": "screening.result",
    "Status": "screening.result",
}

__all__ = [
    "BundleCard",
    "BundleError",
    "DataError",
    "Finding",
    "Header",
    "HeatmapStatus",
    "MissingExtraError",
    "ModelIdentity",
    "OperatingPoint",
    "PneumoscopeError",
    "Reason",
    "Remark",
    "Screener",
    "ScreeningResult",
    "Status",
    "TrainingError",
    "__version__",
    "load",
]

logging.getLogger("pneumoscope").addHandler(logging.NullHandler())


def load(
    bundle: "str | os.PathLike[str] | None" = None,
    *,
    workers: int | None = None,
    runtime: str = "auto",
    site: "str | os.PathLike[str] | None" = None,
) -> "Screener":
    """Load a model bundle, ready to screen.

    Args:
        bundle: the bundle file; None for the one inside the package.
        workers: how many radiographs are judged at once; None for the cores that this process may use.
        runtime: "auto", "onnxruntime" or "openvino".
        site: the file of a site profile, whose thresholds are the default then; None for the bundle's.

    Raises:
        BundleError: when the file is missing, damaged, no bundle, or of an unknown schema.
        MissingExtraError: when OpenVINO was asked for and is not installed.
        DataError: when the runtime is unknown, an int8 bundle is to run on OpenVINO, or the site profile was changed,
            cannot be read, or is for another bundle.
    """
    from pneumoscope.screening.screener import Screener

    return Screener(bundle, workers=workers, runtime=runtime, site=site)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``import pneumoscope`` alone loads neither NumPy nor a runtime."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pneumoscope' has no attribute {name!r}")
    return getattr(import_module(f"pneumoscope.{_HOMES[name]}"), name)
