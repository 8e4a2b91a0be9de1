"""A small archive in the shape of the public release."""

import hashlib
import io
import zipfile

COUNTS = {"train/NORMAL": 2, "train/PNEUMONIA": 3, "test/NORMAL": 1, "test/PNEUMONIA": 1}


def make_archive(extra: dict[str, bytes] | None = None, counts: dict[str, int] = COUNTS) -> bytes:
    """A small release: films of random bytes, among the system files that the public archive holds too."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as content:
        for place, count in counts.items():
            content.writestr(f"chest_xray/{place}/.DS_Store", b"system")
            for number in range(count):
                name = f"IM-{number:04d}.jpeg" if place.endswith("NORMAL") else f"person{number}_virus_{number}.jpeg"
                content.writestr(
                    f"chest_xray/{place}/{name}", hashlib.sha512(f"{place}{number}".encode()).digest() * 500
                )
                content.writestr(f"__MACOSX/chest_xray/{place}/._{name}", b"system")
        for name, value in (extra or {}).items():
            content.writestr(name, value)
    return buffer.getvalue()
