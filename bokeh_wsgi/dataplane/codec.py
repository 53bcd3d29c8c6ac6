"""Buffers to Blosc2 chunks and back: LZ4, with the filter that a sample says is best."""

import struct
from typing import Any, Final

import blosc2
import numpy as np

from bokeh_wsgi.exc import FrameError

from .chunks import HEADER_BYTES, MAX_CHUNK_BYTES, check_chunk
from .columns import Array

FILTERS: Final = (blosc2.Filter.SHUFFLE, blosc2.Filter.BITSHUFFLE, blosc2.Filter.NOFILTER)
RAW_BYTES: Final = 256
"""Smaller buffers are stored as they are: the page copies them faster than it would decode."""
SAMPLE_BYTES: Final = 65536
PAYS: Final = 0.97
"""Stored raw unless the sample shrinks below this share."""
LEVEL: Final = 5


def compress(buffer: Array) -> bytes:
    """A contiguous array as one chunk; b"" for an empty one."""
    if not buffer.nbytes:
        return b""
    if buffer.nbytes < RAW_BYTES:
        return _raw(buffer)
    sample = _sample(buffer)
    chunks = [_chunk(sample, kind) for kind in (FILTERS if buffer.itemsize > 1 else FILTERS[1:])]
    best = min(range(len(chunks)), key=lambda i: len(chunks[i]))
    if len(chunks[best]) >= PAYS * sample.nbytes:
        return _raw(buffer)
    return chunks[best] if sample is buffer else _chunk(buffer, FILTERS[best + (buffer.itemsize == 1)])


def _raw(buffer: Array) -> bytes:
    """A chunk that holds the bytes as they are; its header is what Blosc2 writes at level 0."""
    size = buffer.nbytes
    header = struct.pack("<BBBBIII16x", 5, 1, 0x27, buffer.itemsize, size, size, size + HEADER_BYTES)
    return header + buffer.tobytes()


def _sample(buffer: Array) -> Array:
    """The buffer itself if small, else four pieces from all over it."""
    if buffer.nbytes <= SAMPLE_BYTES:
        return buffer
    size = SAMPLE_BYTES // 4 // buffer.itemsize
    starts = [(len(buffer) - size) * part // 3 for part in range(4)]
    return np.concatenate([buffer[start : start + size] for start in starts])


def _chunk(buffer: Array, kind: Any) -> bytes:
    chunk: bytes = blosc2.compress2(
        buffer,
        codec=blosc2.Codec.LZ4,
        clevel=LEVEL,
        typesize=buffer.itemsize,
        filters=[blosc2.Filter.NOFILTER] * 5 + [kind],
        filters_meta=[0] * 6,
        splitmode=blosc2.SplitMode.ALWAYS_SPLIT,
        nthreads=1,
    )
    return chunk


def unpacked_bytes(chunk: memoryview) -> int:
    """What a chunk says it unpacks to, 0 for the empty one; FrameError if it can't be a chunk."""
    if not chunk.nbytes:
        return 0
    if chunk.nbytes < HEADER_BYTES:
        raise FrameError(f"a chunk of {chunk.nbytes} bytes is shorter than its header")
    size: int = struct.unpack_from("<I", chunk, 4)[0]
    return size


def decompress(chunk: memoryview, dtype: np.dtype[Any], count: int) -> Array:
    """The count values of a chunk, read-only; FrameError, before memory is taken, if it holds others."""
    size = count * dtype.itemsize
    if unpacked_bytes(chunk) != size:
        raise FrameError(f"a chunk unpacks to {unpacked_bytes(chunk)} bytes instead of {count} x {dtype}")
    if size > MAX_CHUNK_BYTES:
        raise FrameError(f"a chunk of {size} bytes is over the format's {MAX_CHUNK_BYTES}")
    if size:
        check_chunk(chunk)
    values = np.empty(count, dtype=dtype)
    if size:
        try:
            blosc2.decompress2(chunk, dst=values, nthreads=1)
        except (ValueError, RuntimeError) as e:
            raise FrameError("a chunk's compressed bytes are broken") from e
    values.flags.writeable = False
    return values
