"""The kernels in numpy: simple versions, used as the tests' reference and if nothing could be compiled."""

from typing import Any, Final, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
BLOCK: Final = 65536


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
