"""The library's front door: radiographs in, results out."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle.card import RELEASED, BundleCard
from pneumoscope.compute.cores import usable_cores
from pneumoscope.compute.pool import in_order
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.decision.score import pneumonia_score, viral_share
from pneumoscope.screening.heatmap import evidence, heat
from pneumoscope.screening.heatmap_check import MOVED, check, moved
from pneumoscope.screening.prepare import Refusal, Source, prepare
from pneumoscope.screening.result import Heatmap, ModelIdentity, Screening, Status
from pneumoscope.screening.runtime.session import open_session


class Screener:
    """One model bundle, ready to screen. Make one and keep it; it may be used from one thread at a time.

    Attributes:
        model: which model it is.
        card: what the bundle says of itself.
    """

    def __init__(self, bundle: Path | None = None, workers: int | None = None, runtime: str = "auto") -> None:
        """Load a bundle.

        Args:
            bundle: the bundle file; None for the one inside the package.
            workers: how many films are decoded and judged at once, each on one core; None for the cores that affinity
                and cgroups leave to this process.
            runtime: one of ``session.RUNTIMES``.

        Raises:
            BundleError: when the file is missing, damaged, no bundle, or of an unknown schema.
            MissingExtraError: when OpenVINO was asked for and is not installed.
            DataError: when the runtime is unknown, or its precision not proven for this bundle.
        """
        self._workers = workers or usable_cores()
        self._session = open_session(bundle or RELEASED, self._workers, runtime)
        self.card: BundleCard = self._session.card
        self.model = ModelIdentity(self.card.name, self.card.version, self._session.sha256, self._session.runtime)
        self._calibration = self.card.rule.calibration

    def operating_point(self, asked: str | float | None = None) -> OperatingPoint:
        """Find an operating point.

        Args:
            asked: a name from the bundle, or a threshold on the probability (a number, or its text, within 0..1);
                None for the bundle's default.

        Raises:
            DataError: when the bundle knows no such operating point.
        """
        return self.card.rule.operating_point(asked)

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

    def screen_many(
        self, sources: Iterable[Source], operating_point: str | float | None = None, *, preview: bool = True
    ) -> Iterator[Screening]:
        """Screen radiographs, in order, on all cores.

        Args:
            sources: taken a few at a time; memory does not grow with their number.
            operating_point: see ``operating_point``.
            preview: whether results carry the film for a person's eyes, and the check of its heatmap. Heatmaps need
                both; they take time, as much as a second inference where a heatmap lies on the lungs.

        Returns:
            One result for each source, in the order of the sources.

        Raises:
            DataError: when the operating point is unknown.
        """
        point = self.operating_point(operating_point)  # complain now and not at the first result
        return in_order(partial(self._screen, point=point, preview=preview), sources, self._workers)

    def predict(self, sources: Iterable[Source]) -> Iterator[NDArray[np.float32] | Refusal]:
        """Give the raw logits, for evaluation on labelled films.

        Args:
            sources: taken a few at a time; memory does not grow with their number.

        Returns:
            For each source, in order: float32 (3,) in the order of ``decision.labels.CLASSES``, or the gate's refusal.
        """
        return in_order(self._predict, sources, self._workers)

    def _screen(self, source: Source, point: OperatingPoint, preview: bool) -> Screening:
        prepared = prepare(source, self.card.input_size, preview=preview)
        result = partial(
            Screening,
            path=str(source) if isinstance(source, Path | str) else None,
            model=self.model,
            operating_point=point.name,
            threshold=point.threshold,
        )
        if isinstance(prepared, Refusal):
            return result(status=Status.NOT_ASSESSED, reason=prepared.reason, detail=prepared.detail)
        [logits], [cam] = self._session.run(prepared.pixels[None])
        decided = self._decide(logits, cam, point)
        if preview:
            decided |= {"film": prepared.film, "heatmap": self._check(prepared.pixels, decided["evidence"], point)}
        return result(status=Status.SCREENED, **decided)

    def _check(self, pixels: NDArray[np.uint8], found: NDArray[np.float32], point: OperatingPoint) -> Heatmap | None:
        def again() -> NDArray[np.float32]:
            [logits], [cam] = self._session.run(moved(pixels, MOVED)[None])
            return heat(evidence(logits, cam, self._calibration), point.threshold)

        return check(heat(found, point.threshold), again)

    def _predict(self, source: Source) -> NDArray[np.float32] | Refusal:
        prepared = prepare(source, self.card.input_size, preview=False)
        if isinstance(prepared, Refusal):
            return prepared
        logits, _ = self._session.run(prepared.pixels[None])
        return logits.reshape(-1)

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
