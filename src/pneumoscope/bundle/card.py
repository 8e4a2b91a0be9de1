"""The card of a model bundle: everything about it but its weights.

A bundle is ONE ONNX file. Its graph takes ``radiograph`` uint8 (N, 224, 224, 1) and gives ``logits`` float32 (N, 3) and
``cam`` float32 (N, P, P, 3), the class-activation maps: P is 7 where the network reads at 224 pixels, and 6 at 192. A
bundle with an envelope gives ``content`` float32 (N, 10), ``novelty`` float32 (N,) and ``lungs`` float32 (N, Q, Q) too.
One metadata entry of the file holds the card as JSON. So thresholds, calibration and provenance cannot be separated
from the weights: change any of it and the SHA-256 of the file changes.
"""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import msgspec

from pneumoscope.decision.envelope import Envelope
from pneumoscope.decision.labels import CLASSES
from pneumoscope.decision.operating_point import BASELINE
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.errors import BundleError

SCHEMA = 4
METADATA_KEY = "pneumoscope"
RELEASED = Path(__file__).parents[1] / "released" / "pneumoscope-resnet50.onnx"
"""Where the released bundle lies in the package."""

QUANTIZED = "quantized"
"""The entry of ``BundleCard.training`` that an int8 bundle has."""

TRIAL = "trial"
"""The entry of ``BundleCard.training`` that a model has which nobody should use: why, in a sentence."""


@dataclass(frozen=True)
class AgeRange:
    """The ages that a bundle has evidence for.

    Attributes:
        low: in years, 0 or more; an age of exactly this is within.
        high: in years, above ``low``; an age of exactly this is outside.
        outside: what becomes of a radiograph whose header gives another age: it is refused, or gets a remark.

    Raises:
        ValueError: there is no age in the range.
    """

    low: float
    high: float
    outside: Literal["remark", "refuse"] = "remark"

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:  # so written that NaN fails
            raise ValueError(f"ages from {self.low} to below {self.high} years")

    def holds(self, years: float) -> bool:
        """Whether an age in years is within."""
        return self.low <= years < self.high


AGES = AgeRange(1.0, 6.0)
"""Children aged 1 to 5, of whom the training radiographs of this project are."""


@dataclass(frozen=True)
class BundleCard:
    """Everything about a bundle but its weights.

    Attributes:
        name: of the model.
        version: of the model; a changed threshold is a new version.
        created: ISO 8601 date and time, UTC.
        licence: SPDX identifier.
        input_size: side of the input in pixels, above 0.
        preprocessing: how a file becomes the input, in words.
        rule: calibration and operating points.
        training: recipe, seed, counts, data fingerprint, versions; JSON values.
        validation: metrics on the held-out radiographs, as ``pneumoscope evaluate --json`` names them; JSON values.
        intended_use: in one sentence.
        limits: what the model was never trained for.
        envelope: which pictures the network may judge; None where the bundle cannot tell.
        ages: for which there is evidence; None where the card does not say.
        classes: order of the logits.
        schema: of this card.

    Raises:
        ValueError: a value is out of its range.
    """

    name: str
    version: str
    created: str
    licence: str
    input_size: int
    preprocessing: str
    rule: DecisionRule
    training: dict[str, Any]
    validation: dict[str, Any]
    intended_use: str
    limits: tuple[str, ...]
    envelope: Envelope | None = None
    ages: AgeRange | None = None
    classes: tuple[str, ...] = CLASSES
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.classes != CLASSES:
            raise ValueError(f"the classes are {', '.join(self.classes)}, and must be {', '.join(CLASSES)}")
        if self.input_size < 1:
            raise ValueError(f"an input of {self.input_size} pixels")

    @property
    def quantized(self) -> bool:
        """Whether the bundle computes in int8."""
        return QUANTIZED in self.training

    @property
    def prevalence(self) -> float | None:
        """Share of pneumonias at which the calibration holds, within 0..1; None where the card does not say it.

        Cards of schema 3 and before say it by the counts of the held-out radiographs.
        """
        if self.rule.calibration.prevalence is not None:
            return self.rule.calibration.prevalence
        counts = self.validation.get("counts")
        if not isinstance(counts, dict):
            return None
        films, normal = counts.get("films"), counts.get("normal")
        if not (isinstance(films, int) and isinstance(normal, int) and 0 < normal < films):
            return None
        return (films - normal) / films

    @property
    def trial(self) -> str | None:
        """Why nobody should use the model, in a sentence; None for one that was trained in earnest."""
        return self.training.get(TRIAL)

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON values."""
        # msgspec alone leaves out what an object that it made has by default
        values: dict[str, Any] = msgspec.to_builtins(asdict(self))
        return values

    def to_json(self) -> str:
        """The card as the text that is stored in the bundle."""
        return msgspec.json.encode(self.to_dict(), order="sorted").decode()

    @classmethod
    def from_json(cls, text: str) -> "BundleCard":
        """Read what :meth:`to_json` wrote, or a card of an earlier schema.

        Those of schema 1 and 2 know no rule-out threshold and no ages. All bundles of those schemas were made of
        children aged 1 to 5, and say so in words: they get these ages. Schema 3 notes no prevalence.

        Raises:
            BundleError: the text is no card, lacks an entry, or holds a value out of its range.
        """
        try:
            content = msgspec.json.decode(text, type=dict[str, Any])
            if content.get("schema") not in (1, 2, 3, SCHEMA):
                raise BundleError(
                    f"the bundle has schema {content.get('schema')}, this version reads 1 to {SCHEMA}; "
                    "update pneumoscope or the bundle"
                )
            if content["schema"] < 3:
                earlier = _from_schema_1(content) if content["schema"] == 1 else content
                content = earlier | {"ages": msgspec.to_builtins(AGES)}
            content["schema"] = SCHEMA
            if unknown := content.keys() - {field.name for field in fields(cls)}:
                raise ValueError(f"unknown entries {', '.join(sorted(unknown))}")
            return msgspec.convert(content, cls)
        except (msgspec.MsgspecError, KeyError, AttributeError, TypeError, ValueError, RecursionError) as error:
            raise BundleError(f"the card of the bundle cannot be trusted ({error}); get the file again") from error


_OLD_BASELINE = "asked-for"


def _from_schema_1(content: dict[str, Any]) -> dict[str, Any]:
    """Give a card of schema 1 the shape and the words of today."""
    parts = ("calibration", "operating_points", "default_operating_point")
    rule = {name: content[name] for name in parts}
    rule["operating_points"] = [_renamed(point) for point in rule["operating_points"]]
    if rule["default_operating_point"] == _OLD_BASELINE:
        rule["default_operating_point"] = BASELINE
    validation = dict(content["validation"])
    if "points" in validation:
        validation["points"] = [_renamed(point) for point in validation["points"]]
    kept = {name: value for name, value in content.items() if name not in parts}
    return kept | {"rule": rule, "validation": validation}


def _renamed(point: dict[str, Any]) -> dict[str, Any]:
    """The baseline's operating point had another name in schema 1."""
    if point["name"] != _OLD_BASELINE:
        return point
    return point | {"name": BASELINE, "policy": "the threshold of the two-phase baseline"}
