"""What can be told of a bundle: its card, and the evaluation that was released with it."""

import json
from pathlib import Path
from typing import Any

from pneumoscope.bundle.card import RELEASED
from pneumoscope.screening.runtime.opening import open_session


def describe_bundle(bundle: Path | None = None) -> dict[str, Any]:
    """Tell what is known of a bundle.

    Args:
        bundle: the bundle file; None for the one inside the package.

    Returns:
        A JSON object: "bundle" (path, bytes, sha256), "card", and "evaluation": the released test evaluation if it was
        made with exactly this file, else None.

    Raises:
        BundleError: when the bundle cannot be read.
    """
    session = open_session(bundle or RELEASED, workers=1)
    return {
        "bundle": {"path": str(session.path), "bytes": session.path.stat().st_size, "sha256": session.sha256},
        "card": session.card.to_dict(),
        "evaluation": _evaluation(session.sha256),
    }


def _evaluation(sha256: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(RELEASED.with_name("evaluation.json").read_text())
    except FileNotFoundError:
        return None
    return found if found.get("bundle_sha256") == sha256 else None
