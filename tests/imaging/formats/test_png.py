"""PNG: chunks that are left out, and too many of them."""

import struct
import zlib

import numpy as np

from pneumoscope.imaging import Reason, read
from pneumoscope.imaging.formats.png import MAX_CHUNKS, MAX_NOTE


def chunk(name, body=b""):
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))


def with_chunks(content, chunks):
    return content[:33] + chunks + content[33:]  # behind the signature and IHDR


def test_large_notes_are_left_out_and_small_ones_read(grey, encode):
    content = encode(grey, "PNG")
    upside_down = b"MM\0*" + struct.pack(">LHHHLHHL", 8, 1, 0x0112, 3, 1, 3, 0, 0)
    turned = read(with_chunks(content, chunk(b"eXIf", upside_down))).pixels
    np.testing.assert_array_equal(turned, grey[::-1, ::-1])
    large = read(with_chunks(content, chunk(b"eXIf", upside_down + bytes(MAX_NOTE)))).pixels
    np.testing.assert_array_equal(large, grey)


def test_chunks_are_counted(grey, encode, reason):
    content = encode(grey, "PNG")
    assert reason(with_chunks(content, chunk(b"prVt") * MAX_CHUNKS)) is Reason.UNSUPPORTED
    np.testing.assert_array_equal(read(with_chunks(content, chunk(b"prVt") * 1000)).pixels, grey)
