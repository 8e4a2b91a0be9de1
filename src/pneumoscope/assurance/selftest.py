"""The self-test: reference films, scored again on this machine and compared with what the bundle's seal says of them.

The films lie in the package and show no patient (``scripts/make_reference_films.py``). They span the scores, two lie
close to the default threshold and two to the rule-out threshold, and each is stored in another way.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from pneumoscope._version import __version__
from pneumoscope.assurance.agreement import TOLERANCE, TOLERANCE_INT8, Verdict, compare
from pneumoscope.bundle.seal import ReferenceResult, SelfTestRecord, seal
from pneumoscope.errors import AssuranceError, BundleError
from pneumoscope.imaging import Source
from pneumoscope.screening.result import ScreeningResult
from pneumoscope.screening.runtime.opening import ONNX_RUNTIME
from pneumoscope.screening.screener import Screener

FILMS = Path(__file__).with_name("films")
FIRST = "1-jpeg.jpeg"
"""The film that every ``pneumoscope screen`` begins with: of all of them it lies closest to the default threshold."""

_EXPECTED = ("status", "reason", "score", "probability", "viral_probability", "finding")


@dataclass(frozen=True)
class Check:
    """One reference film of a self-test.

    Attributes:
        film: its file name.
        expected: keys and values of the bundle's record.
        found: the same of now; None where its format cannot be read here.
        verdict: whether they agree; NOT_REPLAYED where it was not tried.
    """

    film: str
    expected: Mapping[str, Any]
    found: Mapping[str, Any] | None
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """Whether the film came out otherwise than the bundle's record says."""
        return self.verdict is Verdict.DIFFERENT


def run_selftest(screener: Screener) -> list[Check]:
    """Score all reference films again.

    A DICOM film is not tried where the extra ``dicom`` is not installed: no DICOM object is read there anyway.

    Raises:
        BundleError: the bundle has no self-test.
        AssuranceError: a reference film is not the one of the bundle's record.
    """
    record = _record(screener)
    readable = [entry for entry in record.films if _can_be_read(entry.film)]
    results = dict(zip(readable, screener.screen_many(_film(entry) for entry in readable), strict=True))
    return [_check(entry, results.get(entry), record.tolerance) for entry in record.films]


def screen_checked(
    screener: Screener, sources: Iterable[Source], operating_point: str | float | None = None, *, heatmap: bool = False
) -> Iterator[ScreeningResult]:
    """As ``Screener.screen_many``, but one reference film goes first; nothing is given where that comes out otherwise.

    It takes its turn on the screener's pool like every other film. A bundle without a self-test is screened with as it
    is.

    Raises:
        AssuranceError: when the first result is taken, if the reference film came out otherwise.
    """
    if screener.selftest is None:
        return screener.screen_many(sources, operating_point, heatmap=heatmap)
    [entry] = (entry for entry in screener.selftest.films if entry.film == FIRST)
    results = screener.screen_many(chain([_film(entry)], sources), operating_point, heatmap=heatmap)
    return _after(results, entry, screener.selftest.tolerance)


def write_selftest(bundle: Path) -> SelfTestRecord:
    """Score the reference films with ONNX Runtime, and seal a bundle with what they come to.

    It replaces an earlier seal. It is the last step of making a bundle: any later change to the file breaks the seal.
    Without the extra ``dicom``, the DICOM films are left out of the record.

    Raises:
        BundleError: the file is no bundle.
    """
    films = sorted(path for path in FILMS.iterdir() if path.is_file() and _can_be_read(path.name))
    with Screener(bundle, runtime=ONNX_RUNTIME) as screener:
        results = zip(films, screener.screen_many(films), strict=True)
        entries = tuple(_entry(path, result) for path, result in results)
        tolerance = TOLERANCE_INT8 if screener.card.quantized else TOLERANCE
    record = SelfTestRecord(ONNX_RUNTIME, __version__, tolerance, entries)
    seal(bundle, record)
    return record


def _record(screener: Screener) -> SelfTestRecord:
    if screener.selftest is None:
        raise BundleError(
            f"The bundle of {screener.model.name} {screener.model.version} has no self-test; "
            "`pneumoscope export` and `pneumoscope quantize` of this version write one."
        )
    return screener.selftest


def _can_be_read(film: str) -> bool:
    return not film.endswith(".dcm") or all(find_spec(name) for name in ("pydicom", "imagecodecs"))


def _film(entry: ReferenceResult) -> Path:
    return FILMS / Path(entry.film).name


def _entry(path: Path, result: ScreeningResult) -> ReferenceResult:
    said = result.to_dict()
    return ReferenceResult(path.name, said["source_sha256"], **{key: said[key] for key in _EXPECTED})


def _check(entry: ReferenceResult, result: ScreeningResult | None, tolerance: float) -> Check:
    expected = {key: value for key, value in asdict(entry).items() if key in _EXPECTED}
    if result is None:
        return Check(entry.film, expected, None, Verdict.NOT_REPLAYED)
    if result.source_sha256 != entry.sha256:
        raise AssuranceError(
            f"The reference film {entry.film} is not the one of the bundle's record: the package or the bundle was "
            "changed, or they are of different releases; install both again."
        )
    found = result.to_dict()
    return Check(entry.film, expected, found, compare(expected, found, tolerance))


def _after(results: Iterator[ScreeningResult], entry: ReferenceResult, tolerance: float) -> Iterator[ScreeningResult]:
    check = _check(entry, next(results), tolerance)
    # The operating point may be another one than the record's; within tolerance, the same score is the same finding.
    scores = {key: value for key, value in check.expected.items() if key != "finding"}
    if check.found is None or compare(scores, check.found, tolerance) is Verdict.DIFFERENT:
        raise AssuranceError(
            "The self-test failed: on this machine a reference film comes out otherwise than the bundle says. Do not "
            "rely on results; `pneumoscope selftest` shows more, and --without-selftest screens all the same."
        )
    yield from results
