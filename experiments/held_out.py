"""The films of train that no network was trained on, and networks of which that is true."""

from pathlib import Path

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import load
from pneumoscope.data.splits import divided
from pneumoscope.errors import TrainingError
from pneumoscope.screening.runtime.session import Session, open_session


def films(source: Path) -> dict[str, LabelledRadiograph]:
    """The validation films of a source, by the sha256 of their content."""
    return {key: film for key, film in divided(load(source)).items() if film.split == "val"}


def session(bundle: Path, workers: int) -> Session:
    """Open a bundle to be measured on held-out films, on the reference runtime.

    Raises:
        TrainingError: its network was trained on them.
    """
    opened = open_session(bundle, workers, "onnxruntime")
    if "refit_of" in opened.card.training:
        raise TrainingError(
            f"{bundle} was trained on the validation films too, so they cannot measure it; measure the bundle of the "
            "run that it refits"
        )
    return opened
