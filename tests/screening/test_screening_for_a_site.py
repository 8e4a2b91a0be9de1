"""A site profile in the place of the bundle's thresholds: one film, many films, and the parts of a large screening."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sites import make_profile
from tiny import film

import pneumoscope
from pneumoscope.decision.site_profile import SiteProfile
from pneumoscope.errors import DataError
from pneumoscope.screening.record import FIELDS
from pneumoscope.screening.screener import Screener


@pytest.fixture
def profile(screener: Screener) -> SiteProfile:
    """For the tiny bundle: normal below .3, pneumonia from .9."""
    return replace(make_profile(), bundle_sha256=screener.model.sha256, rule_out=0.3, rule_in=0.9)


@pytest.fixture
def path(profile: SiteProfile, tmp_path: Path) -> Path:
    profile.write(tmp_path / "clinic.json")
    return tmp_path / "clinic.json"


def test_the_sites_thresholds_are_the_default(screener: Screener, tiny_bundle: Path, path: Path) -> None:
    sweep = [film(brightness) for brightness in range(60, 240, 6)]
    with pneumoscope.load(tiny_bundle, site=path) as local:
        results = list(local.screen_many(sweep))
        named = local.screen(sweep[0], "balanced")
    assert {(result.operating_point, result.threshold, result.rule_out) for result in results} == {("site", 0.9, 0.3)}
    for result in results:
        expected = "pneumonia" if result.probability >= 0.9 else "normal" if result.probability < 0.3 else "uncertain"
        assert result.finding == expected
    assert {result.finding for result in results} == {"normal", "uncertain", "pneumonia"}
    assert (named.threshold, named.rule_out) == (0.5, 0.3)
    plain = list(screener.screen_many(sweep))
    assert [result.probability for result in results] == pytest.approx([result.probability for result in plain])


def test_every_result_carries_the_profile(
    tiny_bundle: Path, path: Path, profile: SiteProfile, acceptance: Path
) -> None:
    with Screener(tiny_bundle, site=path) as local:
        results = list(local.screen_many(sorted(acceptance.iterdir())))
    for result in results:
        record = result.to_dict()
        assert tuple(record) == FIELDS
        assert record["site_profile_sha256"] == profile.sha256
        assert result.site == "Clinic"


def test_another_bundle_refuses_the_profile(make_bundle: Callable[..., Path], path: Path, tmp_path: Path) -> None:
    other = make_bundle(tmp_path / "other.onnx", {"name": "other"})
    with pytest.raises(DataError, match="thresholds do not carry over"):
        Screener(other, site=path)


def test_a_large_screening_uses_and_checks_the_profile(
    tiny_bundle: Path, path: Path, profile: SiteProfile, films: list[Path], tmp_path: Path
) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    from pneumoscope.screening.batch.distributed import BatchOptions, DistributedScreening
    from pneumoscope.screening.batch.job import JobStore
    from pneumoscope.screening.batch.parts import PartScreener
    from pneumoscope.screening.sources.listing import list_films

    out, names = tmp_path / "out", list_films([str(name) for name in films])
    screening = DistributedScreening(names, BatchOptions(str(out), tiny_bundle, site=path))
    assert (screening.site, screening.job.site_profile_sha256) == ("Clinic", profile.sha256)
    part = {"part": np.array([0])}
    [problem] = PartScreener(JobStore(str(out)), screening.job, tiny_bundle, None, tmp_path)(part)["problem"]
    assert "another site profile" in problem
    assert PartScreener(JobStore(str(out)), screening.job, tiny_bundle, path, tmp_path)(part)["problem"] == [""]
    rows = pq.read_table(out / "results").to_pylist()
    assert {row["site_profile_sha256"] for row in rows} == {profile.sha256}
    assert {row["operating_point"] for row in rows} == {"site"}
    with pytest.raises(DataError, match="site_profile_sha256"):
        DistributedScreening(names, BatchOptions(str(out), tiny_bundle, operating_point="0.9"))
