"""The kernels in numpy: simple versions, used as the tests' reference and if nothing could be compiled."""

from typing import Any, Final, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
BLOCK: Final = 65536
LEAF: Final = 64
FAN_OUT: Final = 16
HAS_GAP: Final = 0x80


def equal(a: Array, b: Array) -> bool:
    """Whether two contiguous arrays of one unsigned dtype have the same length and bits."""
    return bool(np.array_equal(a, b))


def sweep(
    a: Array,
    b: Array,
    pairs: Array,
    found: int,
    at: int,
    gap: int,
    few: int,
    small: int,
    large: int,
    refresh: bool,
) -> tuple[int, int]:
    """Find half-open ranges of positions where two unsigned arrays of one length differ, in order.

    They are written to ``pairs``, int64 (limit, 2), which already has ``found`` ranges; the sweep begins at
    position ``at``. Ranges with fewer than ``gap`` equal positions between them become one. With
    ``refresh``, b's values are copied to a in all that is compared, and in the ranges found before.
    Stops soon after the ranges cost more than ``large``, or more than ``small`` if there are more than
    ``few``, or when ``pairs`` is full. The cost is the positions in the ranges, and ``gap`` for every range
    but the first. Returns the number of ranges, and the position reached: the length, unless it stopped.
    """
    if refresh:
        for lo, hi in pairs[:found].tolist():
            a[lo:hi] = b[lo:hi]
    covered = int((pairs[:found, 1] - pairs[:found, 0]).sum())
    while at < len(a):
        stop = min(at + BLOCK, len(a))
        where = np.flatnonzero(a[at:stop] != b[at:stop]) + at
        starts, stops = where[:1], where[-1:] + 1
        breaks = np.flatnonzero(np.diff(where) > gap)
        starts, stops = np.append(starts, where[breaks + 1]), np.insert(stops, 0, where[breaks] + 1)
        if len(starts) and found and starts[0] - pairs[found - 1, 1] < gap:
            covered += int(stops[0] - pairs[found - 1, 1])
            pairs[found - 1, 1] = stops[0]
            starts, stops = starts[1:], stops[1:]
        if found + len(starts) > len(pairs):
            break
        pairs[found : found + len(starts)] = np.stack([starts, stops], axis=1)
        found += len(starts)
        covered += int((stops - starts).sum())
        if refresh:
            a[at:stop] = b[at:stop]
        at = stop
        cost = covered + (found - 1) * gap
        if cost > large or (cost > small and found > few):
            break
    return found, at


def count_ramp(data: Array, start: float, step: float, first: int) -> int:
    """How many leading values of a contiguous array are ``start + (first + i) * step``, bit for bit.

    Product and sum are each rounded to float64, then the value to the array's dtype, whose range the ramp
    must not leave.
    """
    for lo in range(0, len(data), BLOCK):
        part = data[lo : lo + BLOCK]
        steps = first + np.arange(lo, lo + len(part), dtype=np.float64)
        values = (start + steps * step).astype(data.dtype)
        differ = values.view(f"u{data.itemsize}") != part.view(f"u{data.itemsize}")
        if differ.any():
            return lo + int(np.argmax(differ))
    return len(data)


def compute_levels(
    values: Array, pairs: Array, places: Array, levels: Array, first: int, start: int, end: int, /
) -> None:
    """Compute the nodes of a pyramid (`pyramid.Nodes`) that have rows of [start, end)."""
    below = 0
    for at, (offset, base, lowest, highest) in enumerate(levels.tolist()):
        size = FAN_OUT if at else LEAF
        a, b = max(start // size, lowest), min(-(-end // size), highest)
        start, end = a, b
        if a >= b:
            return
        if at:
            children = slice(below + a * size, below + b * size)
            lows, highs = pairs[children].reshape(-1, size, 2).transpose(2, 0, 1)
            gaps = (places[children, 0].reshape(-1, size) & HAS_GAP).any(axis=1)
        else:
            rows = values[a * size - first : b * size - first].reshape(-1, size).astype(np.float64)
            finite = np.isfinite(rows)
            lows, highs = np.where(finite, rows, np.inf), np.where(finite, rows, -np.inf)
            gaps = ~finite.all(axis=1)
        below = offset - base
        nodes = slice(below + a, below + b)
        pairs[nodes] = np.stack([lows.min(axis=1), highs.max(axis=1)], axis=1)
        places[nodes, 0] = lows.argmin(axis=1) | np.where(gaps, HAS_GAP, 0)
        places[nodes, 1] = highs.argmax(axis=1)


def extreme_rows(
    values: Array, _pairs: Array, _places: Array, _levels: Array, first: int, ends: Array, rows: Array, /
) -> None:
    """Write what `Pyramid.extreme_rows` returns to ``rows``, for rows that are there."""
    for i, (start, end) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
        part = values[start - first : end - first].astype(np.float64)
        finite = np.isfinite(part)
        rows[i] = -1, -1, not finite.all()
        if finite.any():
            rows[i, 0] = start + np.argmin(np.where(finite, part, np.inf))
            rows[i, 1] = start + np.argmax(np.where(finite, part, -np.inf))


def next_row(
    values: Array,
    _pairs: Array,
    _places: Array,
    _levels: Array,
    first: int,
    start: int,
    end: int,
    finite: bool,
    /,
) -> int:
    """The first of rows [start, end) that is finite, or not; ``end`` if there is none."""
    found = np.flatnonzero(np.isfinite(values[start - first : end - first]) == finite)
    return start + int(found[0]) if len(found) else end


def last_finite(
    values: Array, _pairs: Array, _places: Array, _levels: Array, first: int, start: int, end: int, /
) -> int:
    """The last of rows [start, end) that is a finite number; ``start - 1`` if there is none."""
    found = np.flatnonzero(np.isfinite(values[start - first : end - first]))
    return start + int(found[-1]) if len(found) else start - 1
