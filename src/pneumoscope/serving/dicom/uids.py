"""UIDs of results, derived from what they stand for: the same film, bundle and site give the same UIDs again."""

import hashlib

_SCHEME = "pneumoscope 1"  # a change of what goes in gives other UIDs to the same result


def derive_uid(
    source_uid: str, content_sha256: str, bundle_sha256: str, profile_sha256: str | None, purpose: str
) -> str:
    """Derive a UID that nobody else can have, and that a resend of the same film has again.

    It is 2.25, the arc of PS3.5 B.2, and the first 128 bits of a SHA-256 as one number.

    Args:
        source_uid: SOP Instance UID of the film.
        content_sha256: hex digest of the received file, so that other bytes under the same UID are another result.
        bundle_sha256: hex digest of the bundle that judged it.
        profile_sha256: hex digest of the site profile; None without one.
        purpose: what gets the UID, such as "sr" or "sr-series".

    Returns:
        A UID of at most 44 characters.
    """
    parts = (_SCHEME, source_uid, content_sha256, bundle_sha256, profile_sha256 or "", purpose)
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16])}"
