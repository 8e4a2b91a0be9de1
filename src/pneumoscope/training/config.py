"""What a run is asked to do, and what its config.json says of it."""

import json
import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import msgspec

from pneumoscope.data.layout import fingerprint
from pneumoscope.data.manifest import ManifestForm
from pneumoscope.data.public.recognition import is_public_release
from pneumoscope.errors import DataError
from pneumoscope.files import sha256
from pneumoscope.network.backend import import_keras
from pneumoscope.training.radiographs.table import Table, count_sides, labels_digest, narrow
from pneumoscope.training.recipe import Recipe

SCHEMA = 2

VERSIONED = ("pneumoscope", "keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "numpy", "pillow", "scikit-learn")

_PRIVATE = ("source", "imagenet", "state", "explanation", "labels", "form", "public_release", "schema")
"""Entries of a configuration that say where files lay, how far the run was, or whose films they are."""


@dataclass(frozen=True)
class Setting:
    """What a run is asked to do.

    Attributes:
        source: labelled radiographs, as pneumoscope.data.layout.load reads them; those of the test split are left out.
        recipe: what to do with them.
        seed: of everything random.
        imagenet: path of the ImageNet weights, or None for random ones.
        cache: folder for packed radiographs.
        form: what a manifest calls its columns and labels.
    """

    source: Path
    recipe: Recipe
    seed: int
    imagenet: Path | None
    cache: Path
    form: ManifestForm = field(default_factory=ManifestForm)


@dataclass(frozen=True)
class RunConfig:
    """A run's config.json.

    Attributes:
        recipe: what the run does.
        seed: of everything random.
        source: where the radiographs lay, absolute.
        imagenet: where the ImageNet weights lay, absolute; None for random ones.
        imagenet_sha256: of that file.
        fingerprint: of the radiographs, see pneumoscope.data.layout.fingerprint.
        radiographs: how many there are on each side of the split.
        backend: of Keras.
        precision: Keras' dtype policy.
        versions: of Python and of the packages that matter.
        state: "running" also after an interruption.
        explanation: why it collapsed; empty otherwise.
        labels: see pneumoscope.training.radiographs.table.labels_digest.
        form: what a manifest calls its columns and labels.
        public_release: whether the radiographs were taken from the public release, whole and unchanged.
        schema: of this file.
    """

    recipe: Recipe
    seed: int
    source: str
    imagenet: str | None
    imagenet_sha256: str | None
    fingerprint: str
    radiographs: dict[str, int]
    backend: str
    precision: str
    versions: dict[str, str]
    state: Literal["running", "finished", "collapsed"] = "running"
    explanation: str = ""
    labels: str = ""
    form: ManifestForm = field(default_factory=ManifestForm)
    public_release: bool = False
    schema: int = SCHEMA

    def setting(self, cache: Path) -> Setting:
        """What the run was asked to do."""
        imagenet = Path(self.imagenet) if self.imagenet else None
        return Setting(Path(self.source), self.recipe, self.seed, imagenet, cache, self.form)

    def provenance(self) -> dict[str, Any]:
        """What others may know of the run, as JSON values: everything but where files lay."""
        values: dict[str, Any] = json.loads(json.dumps(msgspec.to_builtins(self)))
        return {name: value for name, value in values.items() if name not in _PRIVATE}

    def differences(self, other: "RunConfig") -> list[str]:
        """The entries in which two runs differ so that one cannot go on for the other."""
        same = ("recipe", "seed", "fingerprint", "labels", "imagenet_sha256")
        return [name for name in same if getattr(self, name) != getattr(other, name)]


def build_config(setting: Setting, whole: Table, precision: str) -> RunConfig:
    """The configuration of a run that begins.

    Args:
        setting: what the run is asked to do.
        whole: the radiographs that it may choose from; see pneumoscope.training.radiographs.table.narrow.
        precision: the Keras dtype policy it trains under.

    Raises:
        DataError: the ImageNet weights are not there.
    """
    table = narrow(whole, setting.recipe)
    if setting.imagenet and not setting.imagenet.is_file():
        raise DataError(f"{setting.imagenet}: the ImageNet weights that the run needs are not there; bring them back")
    return RunConfig(
        recipe=setting.recipe,
        seed=setting.seed,
        source=str(setting.source.resolve()),
        imagenet=str(setting.imagenet.resolve()) if setting.imagenet else None,
        imagenet_sha256=sha256(setting.imagenet) if setting.imagenet else None,
        fingerprint=fingerprint(table),
        radiographs=count_sides(table),
        backend=import_keras().backend.backend(),
        precision=precision,
        versions=_versions(),
        labels=labels_digest(table),
        form=setting.form,
        public_release=is_public_release(setting.source, whole),
    )


def default_cache() -> Path:
    """The folder for packed radiographs and ImageNet weights: $PNEUMOSCOPE_CACHE, or one in the user's home."""
    return Path(os.environ.get("PNEUMOSCOPE_CACHE", Path.home() / ".cache" / "pneumoscope"))


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in VERSIONED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
