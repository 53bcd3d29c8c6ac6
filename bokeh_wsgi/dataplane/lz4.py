"""Compresses buffers with Blosc2's LZ4, and decompresses its chunks."""

from typing import Any, Final, get_args

import blosc2

from bokeh_wsgi.exc import FrameError

from .chunks import Chunk, Filter
from .columns import Array

BLOCK_BYTES: Final = 1 << 16
PLAIN_BLOCK_BYTES: Final = 1 << 18


def _parameters(itemsize: int, kind: Filter) -> dict[str, Any]:
    """With a shuffle, one stream per byte of the type; without, blocks that use all of LZ4's window."""
    plain = kind == "NOFILTER"
    return {
        "codec": blosc2.Codec.LZ4,
        "clevel": 9 if plain else 5,
        "typesize": itemsize,
        "blocksize": PLAIN_BLOCK_BYTES if plain else BLOCK_BYTES * itemsize,
        "filters": [blosc2.Filter.NOFILTER] * 5 + [blosc2.Filter[kind]],
        "filters_meta": [0] * 6,
        "splitmode": blosc2.SplitMode.NEVER_SPLIT if plain else blosc2.SplitMode.ALWAYS_SPLIT,
        "nthreads": 1,
    }


_PARAMETERS: Final = {
    (itemsize, kind): _parameters(itemsize, kind) for itemsize in (1, 2, 4, 8) for kind in get_args(Filter)
}


def compress(buffer: Array, kind: Filter) -> bytes:
    chunk: bytes = blosc2.compress2(buffer, **_PARAMETERS[buffer.itemsize, kind])
    return chunk


def decompress(chunk: Chunk, into: Array) -> None:
    """Into the memory of its values; FrameError if they are broken."""
    try:
        blosc2.decompress2(chunk, dst=into, nthreads=1)
    except (ValueError, RuntimeError) as e:
        raise FrameError("a chunk's compressed bytes are broken") from e
