"""An earlier result comes out again, or it is said what differs."""

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pneumoscope.assurance.agreement import Verdict
from pneumoscope.assurance.journal import Journal
from pneumoscope.assurance.replay import Replayed, read_recorded, replay
from pneumoscope.errors import AssuranceError, DataError
from pneumoscope.screening.output.writers import CsvFile, JsonLines
from pneumoscope.screening.result import ScreeningResult
from pneumoscope.screening.screener import Screener

IDENTICAL, NOT_REPLAYED = Verdict.IDENTICAL, Verdict.NOT_REPLAYED

Write = Callable[[list[ScreeningResult], Path], None]


def write_json(results: list[ScreeningResult], path: Path) -> None:
    with path.open("w") as stream:
        writer = JsonLines(stream)
        for result in results:
            writer.add(result)


def write_csv(results: list[ScreeningResult], path: Path) -> None:
    writer = CsvFile(path)
    for result in results:
        writer.add(result)
    writer.close()


def write_journal(results: list[ScreeningResult], path: Path) -> None:
    with Journal(path) as journal:
        for result in results:
            journal.add(result)


@pytest.fixture
def again(tiny_bundle: Path, tmp_path: Path) -> Callable[..., list[Replayed]]:
    """Write results as JSON lines and replay them over the films below the folder of the test."""

    def again(results: list[ScreeningResult], **change: Any) -> list[Replayed]:
        path = tmp_path / "results.jsonl"
        path.write_text("".join(json.dumps(result.to_dict() | change) + "\n" for result in results))
        return list(replay(read_recorded(path), tmp_path, tiny_bundle))

    return again


@pytest.mark.parametrize("write", [write_json, write_csv, write_journal])
def test_every_output_replays_identically(
    screener: Screener, films: list[Path], acceptance: Path, tiny_bundle: Path, tmp_path: Path, write: Write
) -> None:
    sources = [*films, *sorted(acceptance.iterdir())]
    results = [*screener.screen_many(sources), screener.screen(films[9], 0.3), screener.screen(films[9], "balanced")]
    write(results, tmp_path / "results")
    replayed = list(replay(read_recorded(tmp_path / "results"), tmp_path, tiny_bundle))
    assert [one.verdict for one in replayed] == [IDENTICAL] * len(results)
    assert [one.film for one in replayed if one.film != acceptance / "b_empty.png"][:20] == films
    assert not any(one.detail for one in replayed)


def test_a_film_is_found_by_its_bytes_whatever_its_name(
    screener: Screener, films: list[Path], again: Callable[..., list[Replayed]]
) -> None:
    result = screener.screen(films[0])
    moved = films[0].parent / "inner" / "HEADERLESS"
    moved.parent.mkdir()
    films[0].rename(moved)
    [one] = again([result])
    assert (one.verdict, one.film) == (IDENTICAL, moved)


def test_a_changed_byte_of_a_film_is_noticed(
    screener: Screener, films: list[Path], again: Callable[..., list[Replayed]]
) -> None:
    whole, result = films[0].read_bytes(), screener.screen(films[0])
    for place in np.random.default_rng(0).integers(len(whole), size=20):
        content = bytearray(whole)
        content[place] ^= 1
        films[0].write_bytes(content)
        [one] = again([result])
        assert (one.verdict, one.film) == (NOT_REPLAYED, None)
        assert one.detail == "No file has the bytes that were screened: the film is elsewhere, or was changed."


@pytest.mark.parametrize(
    ("change", "verdict", "detail"),
    [
        ({"score": 1e-4}, Verdict.WITHIN_TOLERANCE, "score "),
        ({"score": 1.0}, Verdict.DIFFERENT, "score "),
        ({"finding": "pneumonia"}, Verdict.DIFFERENT, "finding pneumonia is now normal"),
        ({"remarks": ["no_window"]}, Verdict.DIFFERENT, "remarks ['no_window'] is now []"),
        ({"rule_out": 0.01}, Verdict.DIFFERENT, "rule_out 0.01 is now 0.5"),
        ({"threshold": 0.0001}, Verdict.DIFFERENT, "finding normal is now pneumonia"),
        ({"model_sha256": "0" * 64}, NOT_REPLAYED, "It was made with another bundle, SHA-256 000000000000..."),
        ({"site_profile_sha256": "0" * 64}, NOT_REPLAYED, "It was made with a site profile"),
        ({"source_sha256": None}, NOT_REPLAYED, "Its bytes could not be read then"),
    ],
)
def test_what_differs_is_named(
    screener: Screener,
    films: list[Path],
    again: Callable[..., list[Replayed]],
    change: dict[str, Any],
    verdict: Verdict,
    detail: str,
) -> None:
    result = screener.screen(films[0])
    if isinstance(change.get("score"), float):
        assert result.score is not None
        change = {"score": result.score + change["score"]}
    [one] = again([result], **change)
    assert one.verdict is verdict
    assert one.detail.startswith(detail)


def test_the_results_of_another_bundle_are_told(
    screener: Screener, films: list[Path], make_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    other = make_bundle(tmp_path / "other.onnx", {"version": "0.0.2"})
    write_json([screener.screen(films[0])], tmp_path / "results.jsonl")
    [one] = replay(read_recorded(tmp_path / "results.jsonl"), films[0].parent, other)
    assert one.verdict is NOT_REPLAYED


def test_a_result_of_version_1_is_replayed(
    screener: Screener, films: list[Path], tiny_bundle: Path, tmp_path: Path
) -> None:
    said = screener.screen(films[0]).to_dict() | {"schema_version": 1}
    old = {key: value for key, value in said.items() if key not in ("rule_out", "site_profile_sha256")}
    (tmp_path / "old.jsonl").write_text(json.dumps(old) + "\n")
    [one] = replay(read_recorded(tmp_path / "old.jsonl"), films[0].parent, tiny_bundle)
    assert one.verdict is IDENTICAL


def test_the_runtime_of_the_result_is_taken(films: list[Path], tiny_bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    results = []
    for runtime in ("openvino", "onnxruntime"):
        with Screener(tiny_bundle, runtime=runtime) as screener:
            results += list(screener.screen_many(films))
    write_json(results, tmp_path / "results.jsonl")
    recorded = read_recorded(tmp_path / "results.jsonl")
    verdicts = Counter(one.verdict for one in replay(recorded, films[0].parent, tiny_bundle))
    assert verdicts == {IDENTICAL: 40}
    swapped = [replace(one, runtime="onnxruntime") for one in recorded[:20]]
    verdicts = Counter(one.verdict for one in replay(swapped, films[0].parent, tiny_bundle))
    assert set(verdicts) <= {IDENTICAL, Verdict.WITHIN_TOLERANCE}


def test_a_journal_that_was_changed_is_not_replayed(screener: Screener, films: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write_journal([screener.screen(films[0])], path)
    path.write_bytes(path.read_bytes().replace(b"normal", b"abnorm"))
    with pytest.raises(AssuranceError, match="Line 2 was changed"):
        read_recorded(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there is no result in it"),
        (b"path,label\na.png,normal\n", "result 1 is not one"),
        (b'{"status": "screened"}\n', "result 1 is not one"),
        (b"{no json\n", "result 1 is not one"),
        (b"[" * 100, "there is no result|result 1 is not one"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no result|not one"),
        (b'{"threshold": "high"}', "result 1 is not one"),
    ],
)
def test_what_holds_no_results_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "results"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_recorded(path)


def test_a_folder_that_is_none_is_told(screener: Screener, films: list[Path], tmp_path: Path) -> None:
    write_json([screener.screen(films[0])], tmp_path / "results.jsonl")
    with pytest.raises(DataError, match="there is no such folder"):
        next(replay(read_recorded(tmp_path / "results.jsonl"), tmp_path / "gone"))
    with pytest.raises(DataError, match="the results cannot be read"):
        read_recorded(tmp_path / "gone.jsonl")


@pytest.mark.parametrize("write", [write_json, write_csv])
def test_a_film_whose_name_is_no_utf_8_is_replayed(
    screener: Screener, films: list[Path], tiny_bundle: Path, tmp_path: Path, write: Write
) -> None:
    odd = Path(os.fsdecode(os.fsencode(films[0].parent) + b"/f\xfcnf.png"))
    films[0].rename(odd)
    write([screener.screen(odd)], tmp_path / "results")
    [one] = replay(read_recorded(tmp_path / "results"), films[0].parent, tiny_bundle)
    assert (one.verdict, one.film) == (IDENTICAL, odd)


def test_a_csv_row_reads_as_its_json_line(screener: Screener, tmp_path: Path, films: list[Path]) -> None:
    Image.fromarray(np.arange(40_000, dtype=np.uint16).reshape(200, 200)).save(tmp_path / "deep.png")
    results = list(screener.screen_many([films[0], tmp_path / "deep.png", tmp_path / "gone.png"]))
    write_json(results, tmp_path / "results.jsonl")
    write_csv(results, tmp_path / "results.csv")
    assert read_recorded(tmp_path / "results.csv") == read_recorded(tmp_path / "results.jsonl")
    assert next(csv.reader(io.StringIO((tmp_path / "results.csv").read_text())))[0] == "schema_version"
