import math
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from itertools import islice, repeat
from pathlib import Path

import numpy as np
import pytest
from cards import RULE, make_card
from PIL import Image
from tiny import film

import pneumoscope
from pneumoscope.compute.cores import usable_cores
from pneumoscope.compute.pool import AHEAD
from pneumoscope.errors import DataError
from pneumoscope.imaging import INPUT_SIZE, read, to_input
from pneumoscope.screening.record import FIELDS
from pneumoscope.screening.result import Status
from pneumoscope.screening.screener import Screener


def test_numbers_follow_from_the_logits(screener: Screener) -> None:
    result = screener.screen(film(200))
    [logits] = screener.predict([film(200)])
    normal, bacterial, viral = map(float, logits)
    assert result.score == pytest.approx(math.log(math.exp(bacterial) + math.exp(viral)) - normal, abs=1e-5)
    assert result.probability == pytest.approx(1 / (1 + math.exp(-(0.5 * result.score + 0.1))))
    share = math.exp(viral) / (math.exp(bacterial) + math.exp(viral))
    assert result.viral_probability == pytest.approx(result.probability * share)
    assert (result.status, result.finding, result.threshold) == (Status.SCREENED, "pneumonia", 0.5)


def test_path_bytes_and_array_agree(screener: Screener, tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    Image.fromarray(film(150)).save(path)
    from_path, from_bytes, from_array = (screener.screen(s) for s in (path, path.read_bytes(), film(150)))
    assert from_path.probability == from_bytes.probability == from_array.probability
    assert (from_path.source, from_bytes.source, from_array.source) == (str(path), None, None)


def test_order_and_values_of_many_equal_one_by_one(screener: Screener, films: list[Path]) -> None:
    mixed = [films[0].with_name("gone.png"), *films, films[3]]
    many = list(screener.screen_many(mixed))
    assert [result.source for result in many] == [str(path) for path in mixed]
    for together, alone in zip(many, map(screener.screen, mixed), strict=True):
        assert (together.status, together.finding) == (alone.status, alone.finding)
        assert together.score == pytest.approx(alone.score, abs=1e-4)


def test_bright_films_are_the_pneumonias(screener: Screener, films: list[Path]) -> None:
    findings = [result.finding for result in screener.screen_many(films)]
    assert findings == sorted(findings)
    assert set(findings) == {"normal", "pneumonia"}


def test_every_bad_file_has_its_reason(screener: Screener, acceptance: Path) -> None:
    results = list(screener.screen_many(sorted(acceptance.iterdir())))
    assert [result.reason for result in results] == [
        None, "empty_file", "not_an_image", "truncated", "declared_size_too_large",
    ]  # fmt: skip
    assert all(result.detail and result.probability is None for result in results[1:])


def test_record_has_exactly_the_fields(screener: Screener, acceptance: Path) -> None:
    for result in screener.screen_many(sorted(acceptance.iterdir())):
        record = result.to_dict()
        assert tuple(record) == FIELDS
        assert record["model_sha256"] == screener.model.sha256
        empty = {key for key, value in record.items() if value is None}
        screened = result.status is Status.SCREENED
        always = {"sop_instance_uid", "series_instance_uid", "study_instance_uid", "site_profile_sha256"}
        always |= {"device", "heatmap_file", "prevalence"}
        judged = {"score", "probability", "finding", "viral_probability"}
        assert empty == always | ({"reason", "detail"} if screened else judged)


def test_operating_points(screener: Screener) -> None:
    dim = film(125)
    assert screener.screen(dim).finding == "normal"
    sensitive = screener.screen(dim, "high-sensitivity")
    assert (sensitive.finding, sensitive.operating_point, sensitive.threshold) == ("pneumonia", "high-sensitivity", 0.2)
    asked = screener.screen(dim, "0.99")
    assert (asked.finding, asked.operating_point, asked.threshold) == ("normal", "custom", 0.99)


@pytest.mark.parametrize("asked", ["sensitve", "0", "1.5", "nan", -1.0])
def test_unknown_operating_point_lists_the_known_before_any_work(screener: Screener, asked: str | float) -> None:
    with pytest.raises(DataError, match="balanced, high-sensitivity"):
        screener.screen_many([], asked)


def test_predict_gives_logits_in_order(screener: Screener, films: list[Path]) -> None:
    logits = np.array(list(screener.predict(films)))
    assert logits.shape == (len(films), 3)
    assert logits.dtype == np.float32
    assert (np.diff(logits[:, 1]) > 0).all()
    assert list(screener.predict([])) == []


def test_predict_keeps_the_place_of_a_refused_film(screener: Screener, films: list[Path], acceptance: Path) -> None:
    first, refused, last = screener.predict([films[0], acceptance / "b_empty.png", films[-1]])
    assert refused.reason == "empty_file"
    assert first[1] < last[1]


def test_sources_are_taken_a_few_at_a_time(screener: Screener, films: list[Path]) -> None:
    taken = []
    results = screener.screen_many(taken.append(path) or path for path in repeat(films[0]))
    assert len(list(islice(results, 3))) == 3
    assert len(taken) <= 3 + AHEAD * usable_cores()
    results.close()  # type: ignore[attr-defined]


def test_memory_does_not_grow_with_unreadable_files(screener: Screener, tmp_path: Path) -> None:
    blocked = tmp_path / "text.jpeg"
    blocked.write_bytes(b"x" * 100_000)

    def peak(count: int) -> int:
        tracemalloc.start()
        for result in screener.screen_many(repeat(blocked, count)):
            assert result.status is Status.NOT_ASSESSED
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(20)
    assert peak(400) < peak(40) + 1_000_000  # keeping the extra 360 files would take 36 MB


def test_the_input_is_the_one_preprocessing_path(screener: Screener, films: list[Path]) -> None:
    pixels = to_input(read(films[5]), INPUT_SIZE) / 255
    [logits] = screener.predict([films[5]])
    assert logits[1] == pytest.approx(20 * pixels.mean() - 10, abs=1e-4)


def test_load_takes_a_bundle(tiny_bundle: Path) -> None:
    assert pneumoscope.load(tiny_bundle).card.name == "tiny"


def run_python(code: str) -> str:
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def test_import_is_trivial_and_screening_needs_no_training_framework() -> None:
    heavy = ["numpy", "PIL", "onnxruntime", "rich", "jinja2", "pydicom", "keras", "tensorflow", "sklearn", "onnx"]
    probe = f"import sys; print(' '.join(m for m in {heavy} if m in sys.modules))"
    assert run_python(f"import pneumoscope; {probe}") == ""
    # Left alone, the runtime is the processor's choice.
    screener = "from pneumoscope.screening.screener import Screener; Screener(runtime='onnxruntime')"
    assert run_python(f"{screener}; {probe}") == "numpy PIL onnxruntime"


@pytest.fixture
def at_sixty_percent(make_bundle: Callable[..., Path], tmp_path: Path) -> Path:
    """A bundle whose calibration holds where six films in ten show pneumonia."""
    rule = RULE.at_prevalence(0.5, 0.6)
    return make_bundle(tmp_path / "bundle.onnx", {"rule": make_card(rule=rule).to_dict()["rule"]})


def test_a_stated_prevalence_changes_probabilities_and_no_finding(at_sixty_percent: Path) -> None:
    bundle = at_sixty_percent
    with Screener(bundle, workers=1) as plain, Screener(bundle, workers=1, prevalence=0.05) as stated:
        before, after = (one.screen(film(200)) for one in (plain, stated))
    assert (before.finding, before.score) == (after.finding, after.score)
    assert (before.prevalence, after.prevalence) == (0.6, 0.05)
    assert after.probability is not None
    assert before.probability is not None
    assert after.probability < before.probability
    assert after.threshold < before.threshold


@pytest.mark.parametrize("stated", [0.0, 1.0, float("nan")])
def test_a_prevalence_that_is_none_is_refused(at_sixty_percent: Path, stated: float) -> None:
    with pytest.raises(DataError, match="must lie between 0 and 1"):
        Screener(at_sixty_percent, workers=1, prevalence=stated)


def test_a_bundle_that_knows_no_prevalence_takes_no_other(tiny_bundle: Path) -> None:
    with pytest.raises(DataError, match="does not say at which prevalence"):
        Screener(tiny_bundle, workers=1, prevalence=0.1)
