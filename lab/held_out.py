"""The radiographs of train that no network was trained on, and bundles of which that is true."""

from pathlib import Path

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load
from pneumoscope.data.splits import divided
from pneumoscope.errors import DataError
from pneumoscope.screening.runtime.opening import open_session
from pneumoscope.screening.runtime.session import Session


def radiographs(source: Path) -> dict[str, LabelledRadiograph]:
    """The validation radiographs of a source, by the SHA-256 of their content."""
    return {key: one for key, one in divided(load(source)).items() if one.split == "val"}


def session(bundle: Path, workers: int) -> Session:
    """Open a bundle on the reference runtime, to be measured on held-out radiographs by ``workers`` threads.

    Raises:
        DataError: its network was trained on them.
    """
    opened = open_session(bundle, workers, "onnxruntime")
    if "refit_of" in opened.card.training:
        raise DataError(f"{bundle} was trained on the validation radiographs too, so they cannot measure it")
    return opened
