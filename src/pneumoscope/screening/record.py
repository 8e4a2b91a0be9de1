"""The result as it is written everywhere: JSON lines, CSV, Parquet, REST. Version 3.

A key keeps its meaning as long as ``schema_version`` stays. ``result.schema.json`` beside this module is the published
JSON Schema, which :func:`json_schema` makes from the class here (``pneumoscope info --schema``).
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from pneumoscope.decision.labels import Finding
from pneumoscope.imaging import Reason, Remark

SCHEMA_VERSION: Literal[3] = 3

_Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_Uid = Annotated[str, Meta(pattern="^[0-9.]{1,64}$")]
_Prevalence = Annotated[float, Meta(gt=0.0, lt=1.0)]
_Share = Annotated[float, Meta(ge=0.0, le=1.0)]


@dataclass(frozen=True)
class Record:
    """One result, flat."""

    schema_version: Annotated[Literal[3], Meta(description="Of this format.")]
    source: Annotated[str | None, Meta(description="Path or name of what was screened; null for bytes or an array.")]
    source_sha256: Annotated[_Sha256 | None, Meta(description="Of its bytes; null where they could not be read.")]
    sop_instance_uid: Annotated[_Uid | None, Meta(description="Of the DICOM image; null for other files.")]
    series_instance_uid: _Uid | None
    study_instance_uid: _Uid | None
    device: Annotated[str | None, Meta(description="Code of the DICOM device, the same for all of its films.")]
    time: Annotated[datetime, Meta(description="When the result was made, UTC.")]
    status: Literal["screened", "not_assessed"]
    reason: Annotated[Reason | None, Meta(description="Coded reason; only where it was not assessed.")]
    detail: Annotated[str | None, Meta(description="One sentence for a person; only where it was not assessed.")]
    finding: Annotated[Finding | None, Meta(description="Null where it was not assessed.")]
    probability: Annotated[_Share | None, Meta(description="Calibrated probability of pneumonia.")]
    prevalence: Annotated[
        _Prevalence | None,
        Meta(description="Share of pneumonias at which probability and thresholds hold."),
    ]
    viral_probability: Annotated[_Share | None, Meta(description="Of viral pneumonia; at most probability.")]
    score: Annotated[float | None, Meta(description="Raw logit of pneumonia.")]
    threshold: Annotated[
        float, Meta(gt=0.0, lt=1.0, description="A probability at or above it is a finding of pneumonia.")
    ]
    rule_out: Annotated[
        float, Meta(gt=0.0, lt=1.0, description="Below it a finding is normal; from it to the threshold, uncertain.")
    ]
    operating_point: Annotated[str, Meta(description="Name of the threshold; custom where it was given as a number.")]
    model_name: str
    model_version: str
    model_sha256: Annotated[_Sha256, Meta(description="Of the bundle file: weights, calibration and thresholds.")]
    site_profile_sha256: Annotated[_Sha256 | None, Meta(description="Of the site profile; null where none was used.")]
    runtime: Annotated[str, Meta(description="What did the arithmetic.")]
    package_version: Annotated[str, Meta(description="Of pneumoscope.")]
    remarks: Annotated[list[Remark], Meta(description="Coded remarks on how the source was read, and on the model.")]
    heatmap_file: Annotated[str | None, Meta(description="The picture of the heatmap; null where none was written.")]
    listed: Annotated[dict[str, str], Meta(description="Other columns of the list that named the source, by name.")]


FIELDS = tuple(field.name for field in fields(Record))
"""The keys of a JSON line and the columns of Parquet, in order. CSV has a column for each key of ``listed``."""

_ASSESSED = ("finding", "probability", "viral_probability", "score")
_NOT_ASSESSED = ("reason", "detail")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one result."""
    schema = msgspec.json.schema(Record)
    body = schema["$defs"].pop("Record")
    given, missing = {"not": {"type": "null"}}, {"type": "null"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:pneumoscope:result:{SCHEMA_VERSION}",
        **body,
        "title": "Result of screening one radiograph. Research use; not a medical device.",
        "if": {"properties": {"status": {"const": "screened"}}},
        "then": {"properties": {**dict.fromkeys(_ASSESSED, given), **dict.fromkeys(_NOT_ASSESSED, missing)}},
        "else": {"properties": {**dict.fromkeys(_ASSESSED, missing), **dict.fromkeys(_NOT_ASSESSED, given)}},
        "$defs": schema["$defs"],
    }
