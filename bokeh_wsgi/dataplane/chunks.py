"""What a Blosc2 chunk from a stranger must be before the decoder sees it.

::

    0 version 5 | 1 version of LZ4 1 | 2 flags | 3 typesize | 4 nbytes u32 | 8 blocksize u32 | 12 cbytes u32
    16 filters[6] | 22 codec | 23 codec meta | 24 filter metas[6] | 30 reserved | 31 flags 2
    flags:   bits 0 and 2: extended header; 1: stored raw; 3: delta; 4: blocks not split; 5-7: codec, LZ4 = 1
    flags 2: bit 0 dictionary; 1 big-endian; 2 plugin codec; 3 lazy; 4-6: zeros 1, NaN 2, one value repeated 3

Then, unless raw or special, the start of each block (i32), and the blocks: streams of i32 size and bytes, as
many as typesize in a split whole block, else one. Size 0 means zeros, -v a run of byte v (a byte 1 follows).
"""

import struct
from typing import Final

from bokeh_wsgi.exc import FrameError

HEADER_BYTES: Final = 32
MAX_CHUNK_BYTES: Final = 2**31 - 1 - HEADER_BYTES
MIN_BLOCK_BYTES: Final = 16384
"""So that a stranger's chunk can't be mostly bookkeeping; Blosc2 itself makes blocks of 64 KiB and more."""
RAW, EXTENDED, NOT_SPLIT, LZ4 = 0x02, 0x05, 0x10, 1
ZEROS, NANS, REPEATED = 1, 2, 3


def check_chunk(chunk: memoryview) -> None:
    """FrameError if a length, block or stream leaves the chunk, or if it needs more than LZ4 and shuffles."""
    flags, typesize, nbytes, blocksize, cbytes = _header(chunk)
    special = chunk[31] >> 4 & 7
    if flags & RAW:
        _expect(not special, "is both raw and special")
        _expect(cbytes == nbytes + HEADER_BYTES, "is raw, but of another length")
    elif special:
        size = {ZEROS: 0, NANS: 0, REPEATED: typesize}.get(special)
        _expect(size is not None and cbytes == HEADER_BYTES + size, f"has the special value {special}")
        _expect(special != NANS or typesize in (4, 8), "has NaNs of no float type")
        _expect(nbytes % typesize == 0, "repeats a value a broken number of times")
    else:
        _expect(flags >> 5 == LZ4 and chunk[22] in (0, LZ4), "is not LZ4")
        _check_blocks(chunk, flags, typesize, nbytes, blocksize)


def _header(chunk: memoryview) -> tuple[int, int, int, int, int]:
    version, lz4, flags, typesize, nbytes, blocksize, cbytes = struct.unpack_from("<BBBBIII", chunk)
    _expect(version == 5 and lz4 == 1, f"has version {version}.{lz4}")
    _expect(flags & EXTENDED == EXTENDED and not flags & 0x08, f"has flags {flags:#x}")
    _expect(typesize in (1, 2, 4, 8), f"has items of {typesize} bytes")
    _expect(cbytes == chunk.nbytes, f"says it has {cbytes} bytes, and has {chunk.nbytes}")
    _expect(
        nbytes <= MAX_CHUNK_BYTES and 0 < blocksize <= max(nbytes, typesize),
        f"has blocks of {blocksize} bytes",
    )
    _expect(blocksize >= min(nbytes, MIN_BLOCK_BYTES), f"has blocks of only {blocksize} bytes")
    _expect(not any(chunk[16:21]) and chunk[21] <= 2, f"has filters {list(chunk[16:22])}")
    _expect(
        not any(chunk[23:31]) and not chunk[31] & 0x8F, "uses features of Blosc2 that this format leaves out"
    )
    return flags, typesize, nbytes, blocksize, cbytes


def _check_blocks(chunk: memoryview, flags: int, typesize: int, nbytes: int, blocksize: int) -> None:
    blocks = -(-nbytes // blocksize)
    first = HEADER_BYTES + 4 * blocks
    _expect(first <= chunk.nbytes, f"has no room for its {blocks} blocks")
    for number, start in enumerate(struct.unpack_from(f"<{blocks}i", chunk, HEADER_BYTES)):
        _expect(first <= start < chunk.nbytes, f"has block {number} outside")
        size = min(blocksize, nbytes - number * blocksize)
        streams = 1 if flags & NOT_SPLIT or size < blocksize else typesize
        _expect(size % streams == 0, f"splits block {number} unevenly")
        for _ in range(streams):
            start = _stream_end(chunk, start, size // streams)


def _stream_end(chunk: memoryview, start: int, size: int) -> int:
    _expect(start + 4 <= chunk.nbytes, "ends within a block")
    (length,) = struct.unpack_from("<i", chunk, start)
    end: int = start + 4 + (1 if length < 0 else length)
    _expect(-256 < length <= size and end <= chunk.nbytes, f"has a stream of {length} bytes")
    _expect(length >= 0 or chunk[end - 1] & 1 == 1, "has an unknown kind of run")
    return end


def _expect(true: bool, text: str) -> None:
    if not true:
        raise FrameError(f"a chunk {text}")
