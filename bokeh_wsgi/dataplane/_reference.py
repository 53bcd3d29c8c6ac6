"""The numpy twin of _diff.pyx: the obvious version, its tests' oracle, and what runs without a compiler."""

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]


def equal(a: Array, b: Array) -> bool:
    """Whether two contiguous arrays of one unsigned dtype have the same length and bits."""
    return bool(np.array_equal(a, b))


def changed_ranges(a: Array, b: Array, gap: int, limit: int) -> Array | None:
    """Half-open ranges of positions where two unsigned arrays of one length differ, in order: int64, (n, 2).

    Ranges with fewer than ``gap`` equal positions between them are merged. None: over ``limit``.
    """
    where = np.flatnonzero(a != b)
    if not len(where):
        return np.empty((0, 2), dtype=np.int64)
    breaks = np.flatnonzero(np.diff(where) > max(gap, 1))
    if len(breaks) >= limit:
        return None
    starts = where[np.concatenate([[0], breaks + 1])]
    stops = where[np.concatenate([breaks, [len(where) - 1]])] + 1
    return np.stack([starts, stops], axis=1).astype(np.int64)
