"""The model bundle: ONE ONNX file whose metadata turn a picture into a decision.

The graph takes ``radiograph`` uint8 (N, 224, 224, 1) and gives ``logits`` float32 (N, 3) and ``cam`` float32
(N, P, P, 3), with P = 7 places a side where the network reads films at 224 pixels and 5 where at 160. One metadata
entry holds this module's card as JSON, so thresholds, calibration and provenance cannot be separated from the weights:
change any of it and the file's sha256 changes.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pneumoscope.data.film import CLASSES
from pneumoscope.errors import BundleError

SCHEMA = 1
METADATA_KEY = "pneumoscope"
RELEASED = Path(__file__).parents[1] / "released" / "pneumoscope-resnet50.onnx"
"""Where the released bundle lies in the package."""


@dataclass(frozen=True)
class BundleCard:
    """Everything about a bundle but its weights.

    Attributes:
        name: of the model.
        version: of the model; a changed threshold is a new version.
        created: ISO 8601 date and time, UTC.
        licence: SPDX identifier.
        input_size: side of the input in pixels.
        preprocessing: how a file becomes the input, in words.
        calibration: "slope" and "intercept": probability = sigmoid(slope * score + intercept).
        operating_points: each with "name", "threshold" on the probability and "policy", the rule that chose it.
        default_operating_point: name of the one used where none is asked for.
        training: recipe, seed, film counts, data fingerprint, versions.
        validation: metrics on the held-out number blocks.
        intended_use: in one sentence.
        limits: what the model was never trained for.
        classes: order of the logits.
        schema: of this card.
    """

    name: str
    version: str
    created: str
    licence: str
    input_size: int
    preprocessing: str
    calibration: dict[str, float]
    operating_points: list[dict[str, Any]]
    default_operating_point: str
    training: dict[str, Any]
    validation: dict[str, Any]
    intended_use: str
    limits: list[str]
    classes: list[str] = field(default_factory=lambda: list(CLASSES))
    schema: int = SCHEMA

    def to_json(self) -> str:
        """The card as the text that is stored in the bundle."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "BundleCard":
        """Read what :meth:`to_json` wrote.

        Raises:
            BundleError: the text is no card, or one of a schema or class order that this version does not know.
        """
        try:
            content = json.loads(text)
            schema = content["schema"]
        except (ValueError, KeyError, TypeError) as error:
            raise BundleError("the bundle's card cannot be read; get the file again") from error
        if schema != SCHEMA:
            raise BundleError(
                f"the bundle has schema {schema}, this version reads {SCHEMA}; update pneumoscope or the bundle"
            )
        known = {entry.name for entry in fields(cls)}
        if set(content) != known or content["classes"] != list(CLASSES):
            raise BundleError("the bundle's card has missing or unknown entries; get the file again")
        return cls(**content)
