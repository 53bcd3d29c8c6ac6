"""Chunks hold their buffer's bytes in the form that suits; strangers' chunks are looked through first."""

import struct
from contextlib import suppress
from typing import Any

import blosc2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_wsgi.dataplane.chunks import HEADER_BYTES
from bokeh_wsgi.dataplane.codec import MAX_USES, FilterChoice, FilterMemory, compress, decompress
from bokeh_wsgi.exc import FrameError

from .strategies import thorough

RNG = np.random.default_rng(3)
F8 = np.dtype("<f8")
COUNTING = np.arange(100_000.0)
WALK = RNG.normal(size=100_000).cumsum()
NOISE = RNG.integers(0, 256, 100_000, dtype=np.uint8)


def unpacked(chunk: bytes, like: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return decompress(memoryview(chunk), like.dtype, len(like))


@pytest.mark.parametrize("size", [0, 1, 3, 31, 32, 255, 256, 8191, 8192, 40_000, 70_001, 300_007])
@pytest.mark.parametrize("dtype", ["u1", "<i2", "<f4", "<f8"])
def test_every_length_and_item_size_comes_back(size: int, dtype: str) -> None:
    for values in (np.arange(size) // 3, RNG.integers(0, 100, size), np.zeros(size)):
        buffer = values.astype(dtype)

        chunk = compress(buffer)

        assert unpacked(chunk, buffer).tobytes() == buffer.tobytes()
        assert len(chunk) <= buffer.nbytes + HEADER_BYTES


def test_an_empty_buffer_is_no_chunk() -> None:
    assert compress(np.zeros(0)) == b""


def test_the_filter_is_what_suits_the_values() -> None:
    cents = np.round(RNG.normal(100, 3, 100_000), 2)

    filters = [compress(values)[21] for values in (COUNTING, cents, RNG.integers(0, 4, 100_000))]

    assert filters[0] != 0
    assert filters[1] == 0
    assert filters[2] == 2
    assert len(compress(COUNTING)) < COUNTING.nbytes / 40
    assert len(compress(cents)) < cents.nbytes / 2


def test_what_does_not_shrink_is_stored_raw() -> None:
    chunk = compress(NOISE)

    assert chunk[2] & 2
    assert chunk[HEADER_BYTES:] == NOISE.tobytes()


def test_a_choice_holds_as_long_as_it_does_as_well() -> None:
    choice = FilterChoice()
    cents = np.round(RNG.normal(100, 3, 10_000), 2)

    rounds = [COUNTING[:10_000], COUNTING[:10_000], cents, cents]
    filters = [compress(values, choice)[21] for values in rounds]

    # The first of the cents are still shuffled; that they came out so long makes the next a trial.
    assert filters[0] == filters[1] == filters[2] != 0
    assert filters[3] == 0


def test_what_was_stored_raw_is_tried_again_after_a_while() -> None:
    choice = FilterChoice()
    assert compress(NOISE, choice)[2] & 2

    lengths = [len(compress(np.zeros(1000), choice)) for _ in range(MAX_USES + 1)]

    assert lengths[0] > 8000
    assert lengths[-1] < 200


def test_in_long_columns_it_is_tried_again_soon() -> None:
    choice = FilterChoice()
    noise = RNG.integers(0, 256, 2 << 20, dtype=np.uint8)

    lengths = [len(compress(values, choice)) for values in [noise] + [np.zeros(1 << 18)] * 5]

    assert lengths[-1] < 1000


def test_a_memory_has_a_choice_for_each_buffer() -> None:
    memory = FilterMemory()

    assert memory.choice(("p1", "x", 1)) is memory.choice(("p1", "x", 1))
    assert memory.choice(("p1", "x", 1)) is not memory.choice(("p1", "y", 1))


def test_small_raw_chunks_are_what_blosc2_reads() -> None:
    values = np.array([1.5, -2.5])

    assert blosc2.decompress2(compress(values)) == values.tobytes()


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (lambda n: struct.pack("<BBBBIII15xB", 5, 1, 0x25, 8, n, n, 32, 0x10), 0.0),
        (lambda n: struct.pack("<BBBBIII15xB", 5, 1, 0x25, 8, n, n, 32, 0x20), np.nan),
        (lambda n: struct.pack("<BBBBIII15xBd", 5, 1, 0x25, 8, n, n, 40, 0x30, 2.5), 2.5),
    ],
)
def test_special_chunks_of_other_encoders_are_read(make: Any, value: float) -> None:
    expected = np.full(1000, value)

    assert np.array_equal(unpacked(make(8000), expected), expected, equal_nan=True)


def spoiled(chunk: bytes, at: int, kind: str, value: int) -> bytes:
    changed = bytearray(chunk)
    struct.pack_into(kind, changed, at, value)
    return bytes(changed)


GOOD = compress(WALK)


@pytest.mark.parametrize(
    ("chunk", "why"),
    [
        (GOOD[:10], "shorter than its header"),
        (GOOD[:-1], "says it has"),
        (GOOD + b"\0", "says it has"),
        (spoiled(GOOD, 0, "<B", 6), "version"),
        (spoiled(GOOD, 2, "<B", 0x24), "flags"),
        (spoiled(GOOD, 2, "<B", GOOD[2] | 0x08), "flags"),
        (spoiled(GOOD, 2, "<B", GOOD[2] & 0x1F | 0x80), "LZ4"),
        (spoiled(GOOD, 3, "<B", 0), "items of 0"),
        (spoiled(GOOD, 3, "<B", 3), "items of 3"),
        (spoiled(GOOD, 4, "<I", 2**31 - 1), "unpacks to"),
        (spoiled(GOOD, 8, "<I", 0), "blocks of 0"),
        (spoiled(GOOD, 8, "<I", 64), "only 64"),
        (spoiled(GOOD, 8, "<I", 2**31), "blocks of"),
        (spoiled(GOOD, 16, "<B", 1), "filters"),
        (spoiled(GOOD, 21, "<B", 3), "filters"),
        (spoiled(GOOD, 22, "<B", 5), "LZ4"),
        (spoiled(GOOD, 31, "<B", 0x01), "leaves out"),
        (spoiled(GOOD, 31, "<B", 0x08), "leaves out"),
        (spoiled(GOOD, 31, "<B", 0x40), "special value 4"),
        (spoiled(GOOD, 32, "<i", -5), "outside"),
        (spoiled(GOOD, 32, "<i", 2**31 - 1), "outside"),
        (spoiled(GOOD, 32, "<i", len(GOOD) - 2), "ends within"),
        (spoiled(GOOD, struct.unpack_from("<i", GOOD, 32)[0], "<i", 2**30), "stream of"),
        (spoiled(GOOD, struct.unpack_from("<i", GOOD, 32)[0], "<i", -300), "stream of"),
        (spoiled(compress(NOISE.view("<f8")[:100]), 31, "<B", 0x10), "raw and special"),
        (struct.pack("<BBBBIII15xB", 5, 1, 0x25, 8, 800_000, 8, 32, 0x10), "only 8"),
        (struct.pack("<BBBBIII15xB", 5, 1, 0x25, 2, 800_000, 800_000, 32, 0x20), "NaNs"),
        (b"", "unpacks to 0"),
    ],
)
def test_a_chunk_that_can_not_be_right_is_refused_with_the_reason(chunk: bytes, why: str) -> None:
    with pytest.raises(FrameError, match=why):
        decompress(memoryview(chunk), F8, 100 if why == "raw and special" else len(WALK))


def test_a_claim_of_gigabytes_takes_no_memory() -> None:
    bomb = struct.pack("<BBBBIII15xB", 5, 1, 0x25, 8, 2**31 - 64, 2**31 - 64, 32, 0x10)

    with pytest.raises(FrameError, match="instead of 1000 x float64"):
        decompress(memoryview(bomb), F8, 1000)


CHUNKS = [
    compress(v) for v in (WALK, COUNTING, NOISE, np.arange(5.0), RNG.integers(0, 9, 70_000, dtype="u2"))
]
LIKE = [WALK, COUNTING, NOISE, np.arange(5.0), RNG.integers(0, 9, 70_000, dtype="u2")]


@thorough
@given(st.data())
def test_flipped_bytes_give_values_or_a_frame_error_and_nothing_else(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(CHUNKS) - 1))
    chunk = bytearray(CHUNKS[which])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 80) | st.integers(0, len(chunk) - 1)) % len(chunk)
        chunk[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))

    with suppress(FrameError):
        unpacked(bytes(chunk), LIKE[which])
