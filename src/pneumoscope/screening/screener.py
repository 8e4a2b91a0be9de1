"""The front door: radiographs in, results out."""

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle.card import RELEASED, BundleCard
from pneumoscope.bundle.seal import SelfTestRecord
from pneumoscope.compute.cores import usable_cores
from pneumoscope.compute.pool import WorkerPool
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.decision.prevalence import at_prevalence
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.decision.score import pneumonia_score
from pneumoscope.decision.site_profile import SiteProfile, read_profile
from pneumoscope.errors import DataError
from pneumoscope.imaging import Refusal, Remark, Source
from pneumoscope.screening.envelope.content import check_content, lung_remarks
from pneumoscope.screening.envelope.header import check_header
from pneumoscope.screening.heatmap import contribution_map, intensity
from pneumoscope.screening.heatmap_check import MOVED, Outline, assess_heatmap, lung_outline, moved
from pneumoscope.screening.prepare import Prepared, is_one_source, name_of, prepare, snapshot
from pneumoscope.screening.result import HeatmapStatus, ModelIdentity, ScreeningResult, Status
from pneumoscope.screening.runtime.opening import open_session
from pneumoscope.screening.runtime.session import Outputs

_log = logging.getLogger("pneumoscope")


class Screener:
    """One model bundle, ready to screen. Make one and keep it: many threads may use it at once, and forked processes.

    Its threads live until :meth:`close`, or the end of a ``with`` block. All arithmetic runs on them, so that however
    many callers there are, no more than ``workers`` radiographs are judged at once.

    Attributes:
        model: which model it is.
        card: what the bundle says of itself.
        site: the site profile; None without one.
        rule: what decides: the bundle's rule, with the site's thresholds where there is a profile, at the stated
            prevalence.
        prevalence: share of pneumonias at which its probabilities hold; None where the bundle does not say it.
        selftest: what the bundle says of the reference films (``assurance.selftest``); None where it has no self-test.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str] | None = None,
        *,
        workers: int | None = None,
        runtime: str = "auto",
        site: str | os.PathLike[str] | None = None,
        prevalence: float | None = None,
    ) -> None:
        """Load a bundle.

        Args:
            bundle: the bundle file; None for the one inside the package.
            workers: how many radiographs are decoded and judged at once, each on one core; None for the cores that
                affinity and cgroups leave to this process.
            runtime: one of ``runtime.opening.RUNTIMES``.
            site: the file of a site profile, whose thresholds are the default then; None for the bundle's.
            prevalence: share of pneumonias at the place of use, within 0..1, for which probabilities are given. The
                findings stay what they are. None for that of the calibration.

        Raises:
            BundleError: when the file is missing, damaged, changed after it was sealed, no bundle, or of an unknown
                schema.
            MissingExtraError: when OpenVINO was asked for and is not installed.
            DataError: when the runtime is unknown, an int8 bundle is to run on OpenVINO, the site profile was
                changed, cannot be read, or is for another bundle, or the prevalence cannot be used.
        """
        self.site: SiteProfile | None = None if site is None else read_profile(Path(site))
        workers = workers or usable_cores()
        self._session = open_session(RELEASED if bundle is None else Path(bundle), workers, runtime)
        self.card: BundleCard = self._session.card
        self.selftest: SelfTestRecord | None = self._session.selftest
        identity = (self.card.name, self.card.version, self._session.sha256, self._session.runtime)
        self.model = ModelIdentity(*identity, self.card.trial)
        self.rule: DecisionRule = self.card.rule
        if self.site:
            self.rule = self.site.rule_for(self.card.rule, self.model.sha256)
        self.prevalence = self.card.prevalence
        if prevalence is not None:
            self.rule, self.prevalence = self._at(prevalence), prevalence
        self._site_sha256 = self.site.sha256 if self.site else None
        self._pool = WorkerPool(workers)
        _log.info("Loaded model %s %s, %s, on %s.", *self._identity())

    def __enter__(self) -> "Screener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End its threads; nothing can be screened afterwards. Safe to repeat."""
        self._pool.close()

    def operating_point(self, asked: str | float | None = None) -> OperatingPoint:
        """Find an operating point; see ``DecisionRule.operating_point``.

        Raises:
            DataError: when there is no such operating point.
        """
        return self.rule.operating_point(asked)

    def screen(
        self, source: Source, operating_point: str | float | None = None, *, heatmap: bool = False
    ) -> ScreeningResult:
        """Screen one radiograph.

        Args:
            source: a path, a file's content, a binary file, an array, a PIL image or a pydicom Dataset; see
                ``imaging.read``.
            operating_point: a name that the bundle knows, or a threshold on the probability, between 0 and 1; None for
                the bundle's default.
            heatmap: whether the result carries a preview and a heatmap that was checked. It takes time: as much as a
                second inference where the heatmap lies on the lungs.

        Returns:
            The result; a source that was refused comes back as not assessed.

        Raises:
            DataError: when there is no such operating point.
            TypeError: the source is of none of these types.
            RuntimeError: the screener is closed.
        """
        return self._pool.call(self._screening(operating_point, heatmap), source)

    def screen_many(
        self, sources: Iterable[Source | Refusal], operating_point: str | float | None = None, *, heatmap: bool = False
    ) -> Iterator[ScreeningResult]:
        """Screen radiographs, in order, on all workers, while their results are taken.

        Args:
            sources: see :meth:`screen`; or the Refusal of one that could not be fetched, which comes back as its
                result. They are taken a few at a time, so memory does not grow with their number.
            operating_point: see :meth:`screen`.
            heatmap: see :meth:`screen`.

        Returns:
            One result for each source, in the order of the sources.

        Raises:
            DataError: when there is no such operating point.
            TypeError: a single source was given; or, when its turn comes, one of no type that can be screened.
            RuntimeError: when the first result is taken, if the screener is closed.
        """
        if is_one_source(sources):
            raise TypeError("screen_many takes several sources; give one to screen")
        return self._pool.map(self._screening(operating_point, heatmap), map(snapshot, sources))

    def predict(self, sources: Iterable[Source]) -> Iterator[NDArray[np.float32] | Refusal]:
        """Give the raw logits, for evaluation on labelled radiographs.

        Args:
            sources: see :meth:`screen_many`.

        Returns:
            For each source, in order: float32 (3,) in the order of ``decision.labels.CLASSES``, or why it was refused.
        """
        return self._pool.map(self._predict, map(snapshot, sources))

    def _at(self, stated: float) -> DecisionRule:
        if self.site is not None:
            raise DataError("A site profile states its own prevalence; leave the other one out.")
        if self.card.prevalence is None:
            raise DataError("The bundle does not say at which prevalence it was calibrated, so no other can be stated.")
        try:
            return self.rule.at_prevalence(self.card.prevalence, stated)
        except ValueError as error:
            raise DataError(f"{error}.") from None

    def _identity(self) -> tuple[str, str, str, str]:
        return self.model.name, self.model.version, self.model.sha256[:12], self.model.runtime

    def _screening(self, asked: str | float | None, heatmap: bool) -> "partial[ScreeningResult]":
        point = self.operating_point(asked)  # complain now and not at the first result
        return partial(self._screen, point=point, heatmap=heatmap)

    def _infer(self, source: Source | Refusal, preview: bool) -> tuple[Prepared, Outputs] | Refusal:
        """Read a source and ask the network; refuse what the model may not judge."""
        prepared = prepare(source, self.card.input_size, preview=preview)
        if isinstance(prepared, Refusal):
            return prepared
        said = check_header(prepared.header, self.card.ages)
        if isinstance(said, Refusal):
            return replace(said, sha256=prepared.sha256)
        found = self._session.run(prepared.pixels[None])
        if self.card.envelope and (refused := check_content(self.card.envelope, found)):
            return replace(refused, sha256=prepared.sha256, header=prepared.header)
        return replace(prepared, remarks=prepared.remarks + said + lung_remarks(found.lungs)), found

    def _screen(self, source: Source | Refusal, point: OperatingPoint, heatmap: bool) -> ScreeningResult:
        inferred = self._infer(source, preview=heatmap)
        known = inferred if isinstance(inferred, Refusal) else inferred[0]
        result = partial(
            ScreeningResult,
            source=name_of(source),
            source_sha256=known.sha256,
            header=known.header,
            time=datetime.now(UTC),
            model=self.model,
            operating_point=point.name,
            threshold=point.threshold,
            rule_out=self.rule.normal_below(point),
            site_profile_sha256=self._site_sha256,
            site=self.site.site if self.site else None,
            prevalence=self.prevalence,
        )
        if isinstance(inferred, Refusal):
            return result(status=Status.NOT_ASSESSED, reason=inferred.reason, detail=inferred.detail)
        (prepared, found), rule = inferred, self.rule
        probability = float(rule.probability(found.logits)[0])
        contributions = contribution_map(found.logits[0], found.cam[0], rule.calibration)
        return result(
            status=Status.SCREENED,
            score=float(pneumonia_score(found.logits)[0]),
            probability=probability,
            finding=rule.finding(probability, point),
            viral_probability=float(rule.viral_probability(found.logits)[0]),
            probability_at_site=self._at_site(rule.log_odds(found.logits)),
            remarks=prepared.remarks + (Remark.TRIAL_MODEL,) * bool(self.model.trial),
            contribution_map=contributions,
            heatmap=self._assess(prepared, contributions, point, lung_outline(found.lungs)) if heatmap else None,
            preview=prepared.preview,
        )

    def _at_site(self, log_odds: NDArray[np.floating]) -> float | None:
        if self.site is None or self.site.calibration_prevalence is None:
            return None
        return float(at_prevalence(log_odds, self.site.calibration_prevalence, self.site.prevalence)[0])

    def _assess(
        self, prepared: Prepared, contributions: NDArray[np.float32], point: OperatingPoint, lungs: Outline
    ) -> HeatmapStatus | None:
        def again() -> NDArray[np.float32]:
            found = self._session.run(moved(prepared.pixels, MOVED)[None])
            contributions = contribution_map(found.logits[0], found.cam[0], self.rule.calibration)
            return intensity(contributions, point.threshold)

        return assess_heatmap(intensity(contributions, point.threshold), lungs, again)

    def _predict(self, source: Source) -> NDArray[np.float32] | Refusal:
        inferred = self._infer(source, preview=False)
        return inferred if isinstance(inferred, Refusal) else inferred[1].logits.reshape(-1)
