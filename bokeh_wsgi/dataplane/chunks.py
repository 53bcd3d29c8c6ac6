"""Checks Blosc2 chunks of untrusted senders before they are decoded.

::

    0 version 5 | 1 version of LZ4 1 | 2 flags | 3 typesize | 4 nbytes u32 | 8 blocksize u32 | 12 cbytes u32
    16 filters[6] | 22 codec | 23 codec meta | 24 filter metas[6] | 30 reserved | 31 flags 2
    flags:   bits 0 and 2: extended header; 1: stored raw; 3: delta; 4: blocks not split; 5-7: codec, LZ4 = 1
    flags 2: bit 0 dictionary; 1 big-endian; 2 plugin codec; 3 lazy; 4-6: zeros 1, NaN 2, one value repeated 3

After that, unless the chunk is raw or special: the start of each block (i32), and the blocks. A block is made
of streams (i32 size, bytes): one per byte of the type if it is split and has the full length, else only one.
Size 0 means zeros, -v a run of byte v (a byte 1 follows).
"""

import struct
from typing import Final, Literal, TypeAlias

from bokeh_wsgi.exc import FrameError

Chunk: TypeAlias = bytes | memoryview
Filter = Literal["SHUFFLE", "BITSHUFFLE", "NOFILTER"]
"""By its name in Blosc2."""
HEADER_BYTES: Final = 32
MAX_CHUNK_BYTES: Final = 2**31 - 1 - HEADER_BYTES
MIN_BLOCK_BYTES: Final = 16384
"""Limits the overhead per block that a chunk can cause; Blosc2 itself uses blocks of at least 64 KiB."""
RAW, EXTENDED, DELTA, NOT_SPLIT, LZ4 = 0x02, 0x05, 0x08, 0x10, 1
ZEROS, NANS, REPEATED = 1, 2, 3
LENGTH: Final = struct.Struct("<i")


def check_chunk(chunk: memoryview) -> None:
    """Raise FrameError if a length, block or stream exceeds the chunk, or for other codecs and filters."""
    flags, typesize, nbytes, blocksize, cbytes = _header(chunk)
    special = chunk[31] >> 4 & 7
    if flags & RAW:
        if special:
            raise FrameError("a chunk is both raw and special")
        if cbytes != nbytes + HEADER_BYTES:
            raise FrameError("a chunk is raw, but of another length")
    elif special:
        _check_special(special, typesize, nbytes, cbytes)
    elif flags >> 5 != LZ4 or chunk[22] not in (0, LZ4):
        raise FrameError("a chunk is not LZ4")
    else:
        _check_blocks(chunk, flags, typesize, nbytes, blocksize)


def _header(chunk: memoryview) -> tuple[int, int, int, int, int]:
    version, lz4, flags, typesize, nbytes, blocksize, cbytes = struct.unpack_from("<BBBBIII", chunk)
    if version != 5 or lz4 != 1:
        raise FrameError(f"a chunk has version {version}.{lz4}")
    if flags & EXTENDED != EXTENDED or flags & DELTA:
        raise FrameError(f"a chunk has flags {flags:#x}")
    if typesize not in (1, 2, 4, 8):
        raise FrameError(f"a chunk has items of {typesize} bytes")
    if cbytes != chunk.nbytes:
        raise FrameError(f"a chunk says it has {cbytes} bytes, and has {chunk.nbytes}")
    if nbytes > MAX_CHUNK_BYTES or not 0 < blocksize <= max(nbytes, typesize):
        raise FrameError(f"a chunk has blocks of {blocksize} bytes")
    if blocksize < min(nbytes, MIN_BLOCK_BYTES):
        raise FrameError(f"a chunk has blocks of only {blocksize} bytes")
    if any(chunk[16:21]) or chunk[21] > 2:
        raise FrameError(f"a chunk has filters {list(chunk[16:22])}")
    if any(chunk[23:31]) or chunk[31] & 0x8F:
        raise FrameError("a chunk uses features of Blosc2 that this format leaves out")
    return flags, typesize, nbytes, blocksize, cbytes


def _check_special(special: int, typesize: int, nbytes: int, cbytes: int) -> None:
    size = {ZEROS: 0, NANS: 0, REPEATED: typesize}.get(special)
    if size is None or cbytes != HEADER_BYTES + size:
        raise FrameError(f"a chunk has the special value {special}")
    if special == NANS and typesize not in (4, 8):
        raise FrameError("a chunk has NaNs of no float type")
    if nbytes % typesize:
        raise FrameError("a chunk repeats a value a broken number of times")


def _check_blocks(chunk: memoryview, flags: int, typesize: int, nbytes: int, blocksize: int) -> None:
    blocks = -(-nbytes // blocksize)
    first = HEADER_BYTES + 4 * blocks
    if first > chunk.nbytes:
        raise FrameError(f"a chunk has no room for its {blocks} blocks")
    for number, start in enumerate(struct.unpack_from(f"<{blocks}i", chunk, HEADER_BYTES)):
        if not first <= start < chunk.nbytes:
            raise FrameError(f"a chunk has block {number} outside")
        size = min(blocksize, nbytes - number * blocksize)
        streams = 1 if flags & NOT_SPLIT or size < blocksize else typesize
        if size % streams:
            raise FrameError(f"a chunk splits block {number} unevenly")
        _check_streams(chunk, start, streams, size // streams)


def _check_streams(chunk: memoryview, start: int, streams: int, size: int) -> None:
    for _ in range(streams):
        if start + 4 > chunk.nbytes:
            raise FrameError("a chunk ends within a block")
        (length,) = LENGTH.unpack_from(chunk, start)
        end = start + 4 + (1 if length < 0 else length)
        if not -256 < length <= size or end > chunk.nbytes:
            raise FrameError(f"a chunk has a stream of {length} bytes")
        if length < 0 and chunk[end - 1] & 1 != 1:
            raise FrameError("a chunk has an unknown kind of run")
        start = end
