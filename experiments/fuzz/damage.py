"""Ways in which files are damaged: by disks, by broken transfers, and by programs that mend what they do not know."""

from collections.abc import Callable

import numpy as np

Damage = Callable[[bytearray, np.random.Generator], bytes]

HEAD = 600
"""Bytes from a file's beginning that hold most of what headers say."""


def _flip_bits(content: bytearray, rng: np.random.Generator) -> bytes:
    for at in rng.integers(len(content), size=rng.integers(1, 9)):
        content[at] ^= 1 << rng.integers(8)
    return bytes(content)


def _change_bytes(content: bytearray, rng: np.random.Generator) -> bytes:
    for at in rng.integers(len(content), size=rng.integers(1, 33)):
        content[at] = rng.integers(256)
    return bytes(content)


def _change_header(content: bytearray, rng: np.random.Generator) -> bytes:
    for at in rng.integers(min(HEAD, len(content)), size=rng.integers(1, 5)):
        content[at] = rng.choice([0, 1, 2, 127, 128, 255, content[at] ^ 1, content[at] ^ 128, rng.integers(256)])
    return bytes(content)


def _cut(content: bytearray, rng: np.random.Generator) -> bytes:
    return bytes(content[: rng.integers(1, len(content))])


def _cut_and_end(content: bytearray, rng: np.random.Generator) -> bytes:
    """Cut, with the last bytes of the file, which may be its end mark, put behind."""
    return bytes(content[: rng.integers(1, len(content))] + content[-int(rng.choice([2, 8, 12, 16])) :])


def _cut_and_pad(content: bytearray, rng: np.random.Generator) -> bytes:
    """Cut and filled up to the old length, as a disk leaves a file whose last blocks were never written."""
    cut = content[: rng.integers(1, len(content))]
    return bytes(cut + bytes([rng.choice([0, 255])]) * (len(content) - len(cut)))


def _span(content: bytearray, rng: np.random.Generator) -> tuple[int, int]:
    """Where a run begins and how long it is: 16 bytes to a third of the file, short ones as often as long ones."""
    longest = max(len(content) // 3, 17)
    length = int(16 * (longest / 16) ** rng.random())
    return int(rng.integers(max(len(content) - length, 1))), length


def _overwrite(content: bytearray, rng: np.random.Generator) -> bytes:
    at, length = _span(content, rng)
    content[at : at + length] = bytes([rng.choice([0, 0, 255])]) * len(content[at : at + length])
    return bytes(content)


def _noise(content: bytearray, rng: np.random.Generator) -> bytes:
    at, length = _span(content, rng)
    content[at : at + length] = rng.bytes(len(content[at : at + length]))
    return bytes(content)


def _delete(content: bytearray, rng: np.random.Generator) -> bytes:
    at, length = _span(content, rng)
    return bytes(content[:at] + content[at + length :])


def _insert(content: bytearray, rng: np.random.Generator) -> bytes:
    at, length = _span(content, rng)
    return bytes(content[:at]) + rng.bytes(length) + bytes(content[at:])


def _repeat(content: bytearray, rng: np.random.Generator) -> bytes:
    at, length = _span(content, rng)
    return bytes(content[: at + length] + content[at:])


def _swap(content: bytearray, rng: np.random.Generator) -> bytes:
    """Two pieces of one length in each other's place, as sectors in the wrong order."""
    length = int(rng.choice([2, 4, 12, 512, 4096]))
    places = max(len(content) // length, 2)
    first, second = (length * int(place) for place in rng.choice(places, 2, replace=False))
    one, other = content[first : first + length], content[second : second + length]
    shared = min(len(one), len(other))
    content[first : first + shared], content[second : second + shared] = other[:shared], one[:shared]
    return bytes(content)


DAMAGES: dict[str, Damage] = {
    "bits flipped": _flip_bits,
    "bytes changed": _change_bytes,
    "header changed": _change_header,
    "cut": _cut,
    "cut, with an end mark": _cut_and_end,
    "cut and padded": _cut_and_pad,
    "a run overwritten": _overwrite,
    "a run of noise": _noise,
    "a run deleted": _delete,
    "a run inserted": _insert,
    "a run repeated": _repeat,
    "pieces swapped": _swap,
}
"""What is done to a file, by its name; each takes a copy that it may change."""
