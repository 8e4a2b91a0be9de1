"""A Screener as a server holds it: many threads, many calls, one end."""

import hashlib
import io
import logging
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import film

import pneumoscope
from pneumoscope.screening.screener import Screener


def test_eight_threads_get_the_answers_of_one(tiny_bundle: Path, films: list[Path]) -> None:
    with Screener(tiny_bundle, workers=2) as screener:
        alone = [screener.screen(path) for path in films]
        with ThreadPoolExecutor(8) as callers:
            together = list(callers.map(screener.screen, films * 4))
    assert together == alone * 4


def test_many_calls_keep_no_thread_and_no_memory(tiny_bundle: Path) -> None:
    pixels, outside = film(150), threading.active_count()
    with Screener(tiny_bundle, workers=2) as screener:
        for _ in range(50):
            screener.screen(pixels)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(500):
            screener.screen(pixels)
        assert threading.active_count() <= outside + 2  # a pool starts its threads when it needs them
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000  # KiB; 500 films would be 38 MB


def test_it_ends_its_threads_and_says_that_it_is_closed(tiny_bundle: Path) -> None:
    before = threading.active_count()
    screener = Screener(tiny_bundle, workers=3)
    list(screener.screen_many([film(100)] * 8))
    assert threading.active_count() == before + 3
    screener.close()
    screener.close()
    assert threading.active_count() == before
    with pytest.raises(RuntimeError):
        screener.screen(film(100))


@pytest.mark.parametrize("source", [None, 5, [1], io.StringIO("film")])
def test_a_wrong_type_never_becomes_a_result(screener: Screener, source: object) -> None:
    with pytest.raises(TypeError):
        screener.screen(source)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        list(screener.screen_many([film(100), source]))  # type: ignore[list-item]


@pytest.mark.parametrize(
    "one",
    [
        "film.jpeg",
        b"film",
        bytearray(b"film"),
        Path("film.jpeg"),
        film(100),
        Image.fromarray(film(100)),
        io.BytesIO(b"x"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_one_source_is_not_taken_for_many(screener: Screener, one: object) -> None:
    with pytest.raises(TypeError, match="give one to screen"):
        screener.screen_many(one)  # type: ignore[arg-type]


class Text:
    """A file object that gives text though nothing about it says so."""

    def read(self, count: int) -> str:
        return "film"


def test_a_file_that_gives_text_never_becomes_a_result(screener: Screener) -> None:
    with pytest.raises(TypeError, match="binary mode"):
        screener.screen(Text())  # type: ignore[arg-type]


def test_a_stack_of_pictures_is_several(screener: Screener) -> None:
    assert len(list(screener.screen_many(np.stack([film(100), film(200)])))) == 2


def test_a_buffer_that_is_filled_again_gives_each_film_its_own_result(screener: Screener) -> None:
    buffer = film(100)

    def refilled() -> Iterator[np.ndarray]:
        for brightness in (80, 220, 80, 220):
            buffer[:] = film(brightness)
            yield buffer

    found = [result.finding for result in screener.screen_many(refilled())]
    assert found == ["normal", "pneumonia", "normal", "pneumonia"]


def test_every_kind_of_source_is_screened_and_named(screener: Screener, tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    Image.fromarray(film(150)).save(path)
    with path.open("rb") as file, Image.open(path) as image:
        named = [screener.screen(source) for source in (path, str(path), file, image)]
    content = path.read_bytes()
    nameless = [screener.screen(source) for source in (content, bytearray(content), io.BytesIO(content), film(150))]
    assert {result.source for result in named} == {str(path)}
    assert {result.source for result in nameless} == {None}
    assert len({result.score for result in (*named, *nameless)}) == 1
    assert named[0].source_sha256 == hashlib.sha256(content).hexdigest()


def test_a_bundle_may_be_named_by_a_string(tiny_bundle: Path) -> None:
    with pneumoscope.load(str(tiny_bundle)) as screener:
        assert screener.card.name == "tiny"


def test_the_log_is_silent_by_default_and_never_names_a_file(
    tiny_bundle: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("Secret^Person")

    Image.fromarray(film(150)).save(tmp_path / "Secret-Person.png")
    monkeypatch.setattr("pneumoscope.screening.prepare.to_input", broken)
    with caplog.at_level(logging.DEBUG, "pneumoscope"), Screener(tiny_bundle) as screener:
        result = screener.screen(tmp_path / "Secret-Person.png")
    assert (result.reason, result.detail) == ("unreadable", "The file could not be decoded (LookupError).")
    assert "Loaded model tiny 0.0.1" in caplog.text
    assert "LookupError" in caplog.text
    assert "Secret" not in caplog.text
    assert capfd.readouterr() == ("", "")


def test_the_face_of_the_package_is_what_it_says() -> None:
    for name in pneumoscope.__all__:
        assert getattr(pneumoscope, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'screeen'"):
        _ = pneumoscope.screeen  # type: ignore[attr-defined]


def test_a_heatmap_image_needs_a_heatmap(screener: Screener) -> None:
    with pytest.raises(ValueError, match="none was asked for"):
        screener.screen(film(200)).heatmap_image()
    assert screener.screen(film(200), heatmap=True).heatmap_image().size == (300, 260)
    assert np.asarray(screener.screen(film(200), heatmap=True).heatmap_image()).shape == (260, 300, 3)
