"""The library's front door: radiographs in, results out."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.errors import DataError
from pneumoscope.model.bundle import RELEASED, BundleCard
from pneumoscope.model.score import pneumonia_score, viral_share
from pneumoscope.screening.cores import usable_cores
from pneumoscope.screening.decoding import Prepared, Refusal, Source, prepare_many
from pneumoscope.screening.heatmap import evidence
from pneumoscope.screening.result import ModelIdentity, Screening, Status
from pneumoscope.screening.session import Session

BATCH = 8
"""Films in one inference."""

_Batch = tuple[list[tuple[Source, Prepared | Refusal]], NDArray[np.float32], NDArray[np.float32]]


class Screener:
    """One model bundle, ready to screen. Make one and keep it; it may be used from one thread at a time.

    Attributes:
        model: which model it is.
        card: what the bundle says of itself.
    """

    def __init__(self, bundle: Path | None = None, threads: int | None = None) -> None:
        """Load a bundle.

        Args:
            bundle: the bundle file; None for the one inside the package.
            threads: how many threads to use; None for the cores that affinity and cgroups leave to this process.

        Raises:
            BundleError: when the file is missing, damaged, no bundle, or of an unknown schema.
        """
        self._threads = threads or usable_cores()
        self._session = Session(bundle or RELEASED, self._threads)
        self.card: BundleCard = self._session.card
        self.model = ModelIdentity(self.card.name, self.card.version, self._session.sha256)
        self._calibration = Calibration(**self.card.calibration)

    def operating_point(self, asked: str | float | None = None) -> OperatingPoint:
        """Find an operating point.

        Args:
            asked: a name from the bundle, or a threshold on the probability (a number, or its text, within 0..1);
                None for the bundle's default.

        Raises:
            DataError: when the bundle knows no such operating point.
        """
        points = {point["name"]: OperatingPoint(**point) for point in self.card.operating_points}
        name = self.card.default_operating_point if asked is None else asked
        if name in points:
            return points[name]
        try:
            threshold = float(name)
        except ValueError:
            threshold = float("nan")
        if not 0.0 < threshold < 1.0:
            known = ", ".join(points)
            raise DataError(f"Unknown operating point {name!r}. Known: {known}; or a threshold between 0 and 1.")
        return OperatingPoint("custom", threshold, "asked for at screening")

    def screen(self, source: Source, operating_point: str | float | None = None) -> Screening:
        """Screen one radiograph.

        Args:
            source: a path, a file's content, or an array; see ``imaging.read``.
            operating_point: see ``operating_point``.

        Returns:
            The result; a file that the input gate refused comes back as not assessed.

        Raises:
            DataError: when the operating point is unknown.
        """
        [result] = self.screen_many([source], operating_point)
        return result

    def screen_many(self, sources: Iterable[Source], operating_point: str | float | None = None) -> Iterator[Screening]:
        """Screen radiographs, in order, decoding the next ones while the model works.

        Args:
            sources: taken a few at a time; memory does not grow with their number.
            operating_point: see ``operating_point``.

        Returns:
            One result for each source, in the order of the sources.

        Raises:
            DataError: when the operating point is unknown.
        """
        point = self.operating_point(operating_point)  # complain now and not at the first result
        return self._screened(sources, point)

    def predict(self, sources: Iterable[Source]) -> Iterator[NDArray[np.float32] | Refusal]:
        """Give the raw logits, for evaluation on labelled films.

        Args:
            sources: taken a few at a time; memory does not grow with their number.

        Yields:
            For each source, in order: float32 (3,) in the order of ``data.film.CLASSES``, or the gate's refusal.
        """
        for items, logits, _ in self._batches(sources):
            rows = iter(logits)
            for _, prepared in items:
                yield prepared if isinstance(prepared, Refusal) else next(rows)

    def _screened(self, sources: Iterable[Source], point: OperatingPoint) -> Iterator[Screening]:
        for items, logits, cams in self._batches(sources):
            outputs = zip(logits, cams, strict=True)
            for source, prepared in items:
                result = Screening(_name(source), Status.NOT_ASSESSED, self.model, point.name, point.threshold)
                if isinstance(prepared, Refusal):
                    yield replace(result, reason=prepared.reason, detail=prepared.detail)
                else:
                    decision = self._decide(*next(outputs), point)
                    yield replace(result, status=Status.SCREENED, film=prepared.film, **decision)

    def _decide(self, logits: NDArray[np.float32], cam: NDArray[np.float32], point: OperatingPoint) -> dict[str, Any]:
        score = pneumonia_score(logits[None])
        probability = float(self._calibration.probability(score)[0])
        return {
            "score": float(score[0]),
            "probability": probability,
            "finding": point.finding(probability),
            "viral_probability": probability * float(viral_share(logits[None])[0]),
            "evidence": evidence(logits, cam, self._calibration),
        }

    def _batches(self, sources: Iterable[Source]) -> Iterator[_Batch]:
        """Yield films eight by eight, with the logits and maps of those among them that passed the gate."""
        size = self.card.input_size
        films = prepare_many(sources, size, workers=self._threads, ahead=2 * BATCH)
        while items := list(islice(films, BATCH)):
            inputs = [prepared.pixels for _, prepared in items if isinstance(prepared, Prepared)]
            pixels = np.stack(inputs) if inputs else np.empty((0, size, size), np.uint8)
            yield items, *self._session.run(pixels)


def _name(source: Source) -> str | None:
    return str(source) if isinstance(source, Path | str) else None
