"""Blosc2 chunks for the page's decoders: every filter, level, item size and odd length that can occur."""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import blosc2
import numpy as np

FILTERS = {
    "none": blosc2.Filter.NOFILTER,
    "shuffle": blosc2.Filter.SHUFFLE,
    "bitshuffle": blosc2.Filter.BITSHUFFLE,
}
SPLITS = {
    "auto": blosc2.SplitMode.AUTO_SPLIT,
    "never": blosc2.SplitMode.NEVER_SPLIT,
    "always": blosc2.SplitMode.ALWAYS_SPLIT,
}
SIZES = (0, 1, 7, 8, 9, 15, 16, 17, 127, 128, 129, 300, 1000, 4097)


def chunk(
    data: np.ndarray[Any, Any], filter_name: str, level: int = 5, split: str = "auto", blocksize: int = 0
) -> bytes:
    packed: bytes = blosc2.compress2(
        np.ascontiguousarray(data),
        typesize=data.itemsize,
        codec=blosc2.Codec.LZ4,
        clevel=level,
        filters=[FILTERS[filter_name]],
        filters_meta=[0],
        splitmode=SPLITS[split],
        blocksize=blocksize,
        nthreads=1,
    )
    return packed


def patterns(
    rng: np.random.Generator, dtype: np.dtype[Any], count: int
) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Values that LZ4 finds no, short, long and overlapping matches in."""
    noise = rng.integers(0, 256, count * dtype.itemsize, dtype=np.uint8).view(dtype)
    yield "noise", noise
    yield "counting", np.arange(count).astype(dtype)
    yield "zero", np.zeros(count, dtype)
    yield "same", np.full(count, 37, dtype)
    yield "periodic", np.resize(noise[:11], count)
    yield "few", rng.integers(0, 3, count).astype(dtype)
    yield "half", np.where(np.arange(count) < count // 2, np.zeros(count, dtype), noise)


def cases(*, exhaustive: bool) -> Iterator[tuple[str, bytes, bytes]]:
    """(name, chunk, what it unpacks to)."""
    rng = np.random.default_rng(7)
    dtypes = [np.dtype(name) for name in ("u1", "<i2", "<f4", "<f8")]
    sizes = SIZES if exhaustive else (0, 1, 17, 300)
    for dtype, count, filter_name in product(dtypes, sizes, FILTERS):
        for name, data in patterns(rng, dtype, count):
            if exhaustive or name in ("counting", "periodic"):
                yield f"{dtype} {count} {filter_name} {name}", chunk(data, filter_name), data.tobytes()
    if exhaustive:
        yield from _levels(rng, dtypes)
        yield from _blocks(rng, dtypes)
    yield from _specials()


def _levels(rng: np.random.Generator, dtypes: list[np.dtype[Any]]) -> Iterator[tuple[str, bytes, bytes]]:
    for dtype, filter_name, level in product(dtypes, FILTERS, range(10)):
        for name, data in patterns(rng, dtype, 3000):
            yield (
                f"{dtype} {filter_name} {name} level {level}",
                chunk(data, filter_name, level),
                data.tobytes(),
            )


def _blocks(rng: np.random.Generator, dtypes: list[np.dtype[Any]]) -> Iterator[tuple[str, bytes, bytes]]:
    for dtype, filter_name, split in product(dtypes, FILTERS, SPLITS):
        for count, blocksize in (
            (9000, 4096),
            (9000, 1000 * dtype.itemsize),
            (2048, 1024),
            (1_200_000 // dtype.itemsize, 0),
        ):
            for name, data in patterns(rng, dtype, count):
                if blocksize or name in ("counting", "half"):
                    packed = chunk(data, filter_name, 5, split, blocksize)
                    yield (
                        f"{dtype} {filter_name} {name} {count} in {blocksize}, {split}",
                        packed,
                        data.tobytes(),
                    )


def _specials() -> Iterator[tuple[str, bytes, bytes]]:
    for size in (4, 8):
        dtype = np.dtype(f"<f{size}")
        data = np.full(1000, np.nan, dtype)
        yield f"NaN {size}", _special(2, size, data.nbytes), data.tobytes()
    for value in (b"\x07", b"ab", b"abc", b"abcdefgh"):
        yield f"repeated {len(value)}", _special(3, len(value), len(value) * 500, value), value * 500


def _special(kind: int, typesize: int, nbytes: int, value: bytes = b"") -> bytes:
    """A chunk that is all one value; blosc2 writes those only from C."""
    lengths = (nbytes, nbytes, 32 + len(value))
    head = bytes([5, 1, 0x35, typesize]) + b"".join(n.to_bytes(4, "little") for n in lengths)
    packed = head + bytes(15) + bytes([kind << 4]) + value
    assert blosc2.decompress2(packed) is not None
    return packed


def write_cases(folder: Path, *, exhaustive: bool) -> int:
    """Write chunks.bin (each chunk, then its bytes) and chunks.json ([name, chunk length, length] each)."""
    index = []
    with open(folder / "chunks.bin", "wb") as file:
        for name, packed, plain in cases(exhaustive=exhaustive):
            file.write(packed)
            file.write(plain)
            index.append([name, len(packed), len(plain)])
    (folder / "chunks.json").write_text(json.dumps(index))
    return len(index)
