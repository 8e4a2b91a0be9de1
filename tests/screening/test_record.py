"""The published format of a result holds for every output."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from tiny import film

from pneumoscope import __version__
from pneumoscope.screening import record
from pneumoscope.screening.output.writers import CsvFile, JsonLines
from pneumoscope.screening.record import FIELDS, json_schema
from pneumoscope.screening.screener import Screener

PUBLISHED = Path(record.__file__).with_name("result.schema.json")


@pytest.fixture(scope="module")
def valid() -> Callable[[Any], bool]:
    validator = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text()))
    return lambda instance: validator.is_valid(instance)


def test_the_published_schema_is_the_code() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(PUBLISHED.read_text()) == json_schema(), "run: pneumoscope info --schema > result.schema.json"
    assert tuple(json_schema()["properties"]) == tuple(json_schema()["required"]) == FIELDS


def test_json_lines_follow_the_schema(screener: Screener, acceptance: Path, valid: Callable[[Any], bool]) -> None:
    stream = io.StringIO()
    writer = JsonLines(stream)
    for result in screener.screen_many([*sorted(acceptance.iterdir()), film(120), film(100).astype(np.uint16)]):
        writer.add(result)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 7
    assert all(valid(line) for line in lines)
    assert lines[6]["remarks"] == ["bit_depth_inferred"]


def test_a_dicom_result_names_its_object(screener: Screener, valid: Callable[[Any], bool]) -> None:
    pydicom = pytest.importorskip("pydicom")
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", "1.2.3"
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID, dataset.Modality = "1.2.4", "1.2.5", "CR"
    dataset.PatientName = "Secret^Person"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 260, 300, 1
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.add_new("PixelData", "OB", film(200).tobytes())
    written = screener.screen(dataset).to_dict()
    assert valid(written)
    uids = [written[f"{level}_instance_uid"] for level in ("sop", "series", "study")]
    assert uids == ["1.2.3", "1.2.4", "1.2.5"]
    dataset.Modality = "CT"
    refused = screener.screen(dataset).to_dict()
    assert valid(refused)
    assert (refused["reason"], refused["sop_instance_uid"]) == ("not_a_radiograph", "1.2.3")
    assert "Secret" not in json.dumps([written, refused])


def test_the_schema_refuses_what_contradicts_itself(screener: Screener, valid: Callable[[Any], bool]) -> None:
    good = screener.screen(film(200)).to_dict()
    assert valid(good)
    for change in (
        {"schema_version": 1},
        {"finding": None},
        {"finding": "maybe"},
        {"probability": 1.2},
        {"status": "not_assessed"},
        {"reason": "blank_image"},
        {"model_sha256": "abc"},
        {"threshold": 1.0},
        {"remarks": ["unheard_of"]},
    ):
        assert not valid(good | change), change
    assert not valid({key: value for key, value in good.items() if key != "time"})


def test_csv_holds_the_same_values(screener: Screener, tmp_path: Path) -> None:
    result = screener.screen(film(100).astype(np.uint16))
    writer = CsvFile(tmp_path / "out.csv")
    writer.add(result)
    writer.close()
    with (tmp_path / "out.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    flat = {key: value for key, value in result.to_dict().items() if key != "listed"}
    expected = {key: "" if value is None else str(value) for key, value in flat.items()}
    assert row == expected | {"remarks": "bit_depth_inferred"}


def test_a_result_says_when_and_by_what_it_was_made(screener: Screener) -> None:
    result = screener.screen(film(100))
    assert timedelta(0) <= datetime.now(UTC) - result.time < timedelta(minutes=1)
    written = result.to_dict()
    assert datetime.fromisoformat(written["time"]) == result.time
    assert (written["package_version"], written["runtime"]) == (__version__, screener.model.runtime)
