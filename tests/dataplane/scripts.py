"""What scripts do to a column, at its worst: rows picked from a pool of values that are easily confused."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

Rows = np.ndarray[Any, Any]
Step = tuple[str, int, int]
MAX_ROWS = 6000
"""Many enough for far ranges, probes and sweeps that give up; most columns stay much shorter."""


def _special(dtype: str) -> Any:
    """Values with other bits that compare as equal, NaNs that differ in their payload, and a few more."""
    if dtype == "f8":
        bits = [0, 1 << 63, 0x7FF8 << 48, (0x7FF8 << 48) + 1, 0xFFF8 << 48, 0x7FF0 << 48, 1, 0x3FF0 << 48]
        return np.array(bits, dtype="u8").view("f8")
    if dtype == "f4":
        bits = [0, 1 << 31, 0x7FC0 << 16, (0x7FC0 << 16) + 1, 0xFFC0 << 16, 0x7F80 << 16, 1, 0x3F80 << 16]
        return np.array(bits, dtype="u4").view("f4")
    if dtype == "?":
        return np.array([False, True])
    limits = np.iinfo(dtype)
    return np.array([0, 1, 2, limits.max, limits.min, 3, 7, 8], dtype=dtype)


NUMBERS = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"]
POOLS: dict[str, Any] = {
    **{f"special {dtype}": _special(dtype) for dtype in NUMBERS},
    **{f"counting {dtype}": np.arange(100).astype(dtype) for dtype in NUMBERS[1:]},
    "tenths": np.arange(100) * 0.1,
    "cents": np.round(np.random.default_rng(2).normal(0, 1, 50), 2),
    "noise": np.random.default_rng(1).normal(size=50),
    "int64": np.arange(50) * 10**6,
    "big-endian": np.arange(50).astype(">f8"),
    "images": np.arange(6 * 4, dtype="u1").reshape(6, 2, 2) // 3,
    "texts": ["", "a", "aa", "ab", "żółw", "🐢", "a\0"],
    "texts and None": ["", None, "a", "aa"],
    "numbers and None": [0.0, None, -0.0, 1.0],
    "factors": [("a", "b"), ("a", ""), ("", "a"), ("ab", "")],
    "ragged": [[1.0], [], [1.0, -0.0], [0.0, 0.0]],
    "nested": [[[1], [2, 3]], [], [[]], [[4]]],
    "JSON": [{"a": 1}, 1, "x", None],
}


def steps() -> st.SearchStrategy[Step]:
    return st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 2**16), st.integers(0, 2**16))


def values_of(pool: Any, rows: Rows) -> Any:
    """What the script holds; an array of its own or a list."""
    return pool[rows] if isinstance(pool, np.ndarray) else [pool[row] for row in rows]


def step(rows: Rows, size: int, what: Step) -> Rows:
    """The rows after a step: numbers of values of a pool of that size."""
    name, a, b = what
    return STEPS[name](rows, size, a, b)[:MAX_ROWS] % size


def _at(rows: Rows, number: int) -> int:
    return number % (len(rows) + 1)


def _some(size: int, count: int, seed: int) -> Rows:
    return np.random.default_rng(seed).integers(0, size, count)


def _overwritten(rows: Rows, new: Rows, at: int) -> Rows:
    rows = rows.copy()
    rows[at : at + len(new)] = new[: max(len(rows) - at, 0)]
    return rows


def _scattered(rows: Rows, size: int, a: int, b: int) -> Rows:
    rows = rows.copy()
    rows[a % 7 :: max(len(rows) // (1 + b % 6), 1)] += 1
    return rows


STEPS: dict[str, Callable[[Rows, int, int, int], Rows]] = {
    "same": lambda rows, size, a, b: rows,
    "reversed": lambda rows, size, a, b: rows[::-1],
    "emptied": lambda rows, size, a, b: rows[:0],
    "new": lambda rows, size, a, b: _some(size, a % 60, b),
    "counting": lambda rows, size, a, b: np.arange(a % 80) + b % 5,
    "constant": lambda rows, size, a, b: np.full(a % 300, b),
    "appended": lambda rows, size, a, b: np.append(rows, _some(size, a % 20, b)),
    "counted on": lambda rows, size, a, b: np.append(rows[b % 4 :], rows[-1:].sum() + 1 + np.arange(a % 6)),
    "rolled": lambda rows, size, a, b: np.append(rows[_at(rows, a) :], _some(size, a % 20, b)),
    "rolled a little": lambda rows, size, a, b: np.append(rows[b % 3 :], _some(size, b % 3, a)),
    "rotated": lambda rows, size, a, b: np.roll(rows, a),
    "cut": lambda rows, size, a, b: rows[_at(rows, a) : _at(rows, b)],
    "long": lambda rows, size, a, b: np.resize(rows, 1000 + a % 5000) if len(rows) else rows,
    "long noise": lambda rows, size, a, b: _some(size, 1000 + a % 5000, b),
    "doubled": lambda rows, size, a, b: np.concatenate([rows, rows]),
    "tiled": lambda rows, size, a, b: np.tile(rows[: a % 5], 1 + b % 50),
    "overwritten": lambda rows, size, a, b: _overwritten(rows, _some(size, b % 9, a), _at(rows, a)),
    "copied within": lambda rows, size, a, b: _overwritten(rows, rows[: b % 50], _at(rows, a)),
    "scattered": _scattered,
    "scattered again": _scattered,
    "inserted": lambda rows, size, a, b: np.insert(rows, _at(rows, a), _some(size, 1 + b % 3, b)),
    "one more": lambda rows, size, a, b: _overwritten(rows, rows[_at(rows, a) :][:1] + 1, _at(rows, a)),
}
