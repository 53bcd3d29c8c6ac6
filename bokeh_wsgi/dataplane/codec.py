"""Encodes buffers as Blosc2 chunks and decodes them: LZ4, with the filter that is best for a sample.

`lz4` imports blosc2, which takes as long as all else that a server imports: it comes with the first buffer
that is not stored raw.
"""

import struct
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bokeh_wsgi.exc import FrameError

from .chunks import HEADER_BYTES, MAX_CHUNK_BYTES, RAW, Chunk, Filter, check_chunk
from .columns import Array
from .decimals import find_decimals, to_integers

FILTERS: Final[tuple[Filter, ...]] = ("SHUFFLE", "BITSHUFFLE", "NOFILTER")
"""Fastest first: the first one that is ``NEARLY`` as good as the best is used."""
NEARLY: Final = 1.02
RAW_BYTES: Final = 256
"""Smaller buffers are stored raw: the page copies them faster than it would decode them."""
SAMPLE_BYTES: Final = 131072
PAYS: Final = 0.97
"""A buffer is stored raw unless the sample shrinks below this share."""
PROBED: Final = 1024
"""Sample values tried first, so that a column without decimals is rejected cheaply."""
MAX_USES: Final = 32
USE_BYTES: Final = 1 << 18
DRIFT: Final = 0.1
MAX_CHOICES: Final = 10_000


@dataclass(slots=True)
class FilterChoice:
    """The filter that was best in the last trial (None: store raw), and the compressed share of the bytes.

    There is a new trial after ``MAX_USES`` uses (a long buffer counts as several), or when the share changes
    by more than ``DRIFT``.
    """

    kind: Filter | None = None
    share: float | None = None
    uses: int = MAX_USES

    def is_valid(self, nbytes: int) -> bool:
        """Whether to use it for a buffer of this size, without a new trial."""
        self.uses += 1 + nbytes // USE_BYTES
        return self.uses <= MAX_USES

    def see(self, share: float) -> None:
        if self.share is None:
            self.share = share
        elif abs(share - self.share) > DRIFT * max(self.share, DRIFT):
            self.uses = MAX_USES


@dataclass(slots=True)
class FloatEncoding:
    """Whether a column's floats are sent as integers, and with how many decimals.

    There are new trials as for a `FilterChoice`, and when the integers' share of the bytes changes.
    """

    decimals: int | None = None
    uses: int = MAX_USES

    def integers(self, values: Array, as_floats: FilterChoice, as_integers: FilterChoice) -> Array | None:
        """The values as integers; None if that is not exact or not smaller."""
        self.uses += 1 + values.nbytes // USE_BYTES
        if self.uses > MAX_USES:
            self.uses, self.decimals = 0, _try_decimals(values, as_floats, as_integers)
        integers = None if self.decimals is None else to_integers(values, self.decimals)
        if integers is None:
            self.decimals = None
        return integers

    def see(self, as_integers: FilterChoice) -> None:
        if as_integers.uses >= MAX_USES:
            self.uses = MAX_USES


def _try_decimals(values: Array, as_floats: FilterChoice, as_integers: FilterChoice) -> int | None:
    """The decimals with which a sample is exact, and smaller than as floats; None if there are none."""
    decimals = find_decimals(values)
    sample = _sample(values)
    if decimals is None or to_integers(sample[:PROBED], decimals) is None:
        return None
    integers = to_integers(sample, decimals)
    if integers is None or _tried_size(integers, as_integers) > PAYS * _tried_size(sample, as_floats):
        return None
    return decimals


def _tried_size(sample: Array, choice: FilterChoice) -> int:
    """The compressed size of a sample with the best filter, which becomes the choice."""
    choice.uses = MAX_USES
    size = len(compress(sample, choice))
    choice.share = None
    return size


class FilterMemory:
    """The filter for each buffer of each column, and whether its floats are sent as integers.

    For encoding the same columns many times. Not thread-safe.
    """

    def __init__(self) -> None:
        self._choices: dict[Hashable, FilterChoice] = {}
        self._encodings: dict[Hashable, tuple[FloatEncoding, FilterChoice]] = {}

    def choice(self, key: Hashable) -> FilterChoice:
        found = self._choices.get(key)
        if found is None:
            if len(self._choices) >= MAX_CHOICES:
                self._choices.clear()
            found = self._choices[key] = FilterChoice()
        return found

    def float_encoding(self, key: Hashable) -> tuple[FloatEncoding, FilterChoice]:
        """The encoding of a column's floats, and the filter for when they are integers."""
        found = self._encodings.get(key)
        if found is None:
            if len(self._encodings) >= MAX_CHOICES:
                self._encodings.clear()
            found = self._encodings[key] = FloatEncoding(), FilterChoice()
        return found


def compress(buffer: Array, choice: FilterChoice | None = None) -> bytes:
    """A contiguous array as one chunk; b"" for an empty one. ``choice`` is used, and updated."""
    if not buffer.nbytes:
        return b""
    if buffer.nbytes < RAW_BYTES:
        return _raw(buffer)
    choice = choice or FilterChoice()
    if not choice.is_valid(buffer.nbytes):
        tried = _try_filters(buffer, choice)
        if tried is not None:
            return tried
    if choice.kind is None:
        return _raw(buffer)
    chunk = _chunk(buffer, choice.kind)
    choice.see(len(chunk) / buffer.nbytes)
    return chunk


def _try_filters(buffer: Array, choice: FilterChoice) -> bytes | None:
    """Choose a filter by a sample; returns the chunk if the sample was the whole buffer, and not raw."""
    sample = _sample(buffer)
    kinds = FILTERS if buffer.itemsize > 1 else FILTERS[1:]
    chunks = [_chunk(sample, kind) for kind in kinds]
    enough = max(min(map(len, chunks)) * NEARLY, HEADER_BYTES)
    chunk, choice.kind = next((c, kind) for c, kind in zip(chunks, kinds, strict=True) if len(c) <= enough)
    choice.share, choice.uses = None, 0
    if len(chunk) >= PAYS * sample.nbytes:
        choice.kind = None
    elif sample is buffer:
        choice.see(len(chunk) / buffer.nbytes)
        return chunk
    return None


def _raw(buffer: Array) -> bytes:
    """A chunk with the bytes as they are; its header is what Blosc2 writes at level 0."""
    size = buffer.nbytes
    header = struct.pack("<BBBBIII16x", 5, 1, 0x27, buffer.itemsize, size, size, size + HEADER_BYTES)
    return header + buffer.tobytes()


def _sample(buffer: Array) -> Array:
    """The buffer itself if small, else a piece from each end, both as long as LZ4's window."""
    if buffer.nbytes <= SAMPLE_BYTES:
        return buffer
    size = SAMPLE_BYTES // 2 // buffer.itemsize
    return np.concatenate([buffer[:size], buffer[-size:]])


def _chunk(buffer: Array, kind: Filter) -> bytes:
    from . import lz4

    return lz4.compress(buffer, kind)


def unpacked_bytes(chunk: Chunk) -> int:
    """The decompressed size in a chunk's header, 0 for an empty chunk; FrameError if it has no header."""
    if not chunk:
        return 0
    if len(chunk) < HEADER_BYTES:
        raise FrameError(f"a chunk of {len(chunk)} bytes is shorter than its header")
    size: int = struct.unpack_from("<I", chunk, 4)[0]
    return size


def decompress(chunk: Chunk, dtype: np.dtype[Any], count: int, into: Array | None = None) -> Array:
    """The values of a chunk, read-only; FrameError, before memory is allocated, if it has another size.

    ``into`` is memory for them.
    """
    size = check_size(chunk, dtype, count)
    if size:
        check_chunk(memoryview(chunk))
    values = np.empty(count, dtype=dtype) if into is None else into
    if size:
        _unpack(chunk, values)
    values.flags.writeable = False
    return values


def _unpack(chunk: Chunk, values: Array) -> None:
    if chunk[2] & RAW:
        values.view(np.uint8)[:] = np.frombuffer(chunk, np.uint8, offset=HEADER_BYTES)
        return
    from . import lz4

    lz4.decompress(chunk, values)


def check_size(chunk: Chunk, dtype: np.dtype[Any], count: int) -> int:
    """The size of ``count`` values; FrameError if it is not the one in the chunk's header."""
    size = count * dtype.itemsize
    if unpacked_bytes(chunk) != size:
        raise FrameError(f"a chunk unpacks to {unpacked_bytes(chunk)} bytes instead of {count} x {dtype}")
    if size > MAX_CHUNK_BYTES:
        raise FrameError(f"a chunk of {size} bytes is over the format's {MAX_CHUNK_BYTES}")
    return size
