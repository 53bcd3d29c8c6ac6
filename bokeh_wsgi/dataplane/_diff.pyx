"""Compiled kernels of diff. They compare bits: NaN equals itself, -0.0 differs from 0.0.

Equal stretches are passed over by memcmp in blocks that stay in the first-level cache, and of a stretch that
differs only its ends are looked for. `_reference.py` has the same functions in numpy.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

import numpy as np

cdef enum:
    BLOCK_BYTES = 4096
    PIECE = 32

ctypedef fused word:
    uint8_t
    uint16_t
    uint32_t
    uint64_t

cdef struct Ranges:
    Py_ssize_t found
    Py_ssize_t covered      # positions in all of them
    Py_ssize_t gap          # ranges with less than this between them are one; also what a further one costs


cdef inline Py_ssize_t first_difference(const word[::1] a, const word[::1] b, Py_ssize_t lo) noexcept nogil:
    """The first position from lo on; there must be one."""
    while a[lo] == b[lo]:
        lo += 1
    return lo


cdef inline Py_ssize_t last_difference(const word[::1] a, const word[::1] b, Py_ssize_t hi) noexcept nogil:
    """The last position before hi; there must be one."""
    hi -= 1
    while a[hi] == b[hi]:
        hi -= 1
    return hi


cdef inline bint add(int64_t[:, ::1] pairs, Ranges* ranges, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Take in one more range, after all others; False if there is no room."""
    cdef Py_ssize_t found = ranges.found
    if found > 0 and start - pairs[found - 1, 1] < ranges.gap:
        ranges.covered += stop - pairs[found - 1, 1]
        pairs[found - 1, 1] = stop
        return True
    if found == pairs.shape[0]:
        return False
    pairs[found, 0] = start
    pairs[found, 1] = stop
    ranges.found += 1
    ranges.covered += stop - start
    return True


cdef inline bint exceeds(const Ranges* ranges, Py_ssize_t few, Py_ssize_t small, Py_ssize_t large) noexcept nogil:
    """Whether the ranges cost more than large, or more than small while they are more than a few."""
    cdef Py_ssize_t cost = ranges.covered + (ranges.found - 1) * ranges.gap
    return cost > large or (cost > small and ranges.found > few)


cdef Py_ssize_t sweep_words(
    const word[::1] a,          # IN
    const word[::1] b,          # IN
    word* refreshed,            # OUT: a's memory, or NULL
    int64_t[:, ::1] pairs,      # IN, OUT
    Ranges* ranges,             # IN, OUT
    Py_ssize_t at,
    Py_ssize_t few,
    Py_ssize_t small,
    Py_ssize_t large,
) noexcept nogil:
    """Up to where it got."""
    cdef Py_ssize_t n = a.shape[0]
    cdef Py_ssize_t block = BLOCK_BYTES // <Py_ssize_t>sizeof(word)
    # Within a piece no two positions are so far apart that they would be two ranges.
    cdef Py_ssize_t piece = min(ranges.gap, PIECE)
    cdef Py_ssize_t stop, lo, hi
    cdef Ranges before
    cdef int64_t last_stop
    while at < n:
        stop = at + block if n - at > block else n
        if memcmp(&a[at], &b[at], (stop - at) * sizeof(word)) != 0:
            lo = at
            before = ranges[0]
            last_stop = pairs[before.found - 1, 1] if before.found > 0 else 0
            while lo < stop:
                hi = lo + piece if stop - lo > piece else stop
                if memcmp(&a[lo], &b[lo], (hi - lo) * sizeof(word)) != 0:
                    if not add(pairs, ranges, first_difference(a, b, lo), last_difference(a, b, hi) + 1):
                        ranges[0] = before
                        if before.found > 0:
                            pairs[before.found - 1, 1] = last_stop
                        return at
                lo = hi
            if refreshed != NULL:
                memcpy(refreshed + at, &b[at], (stop - at) * sizeof(word))
            if exceeds(ranges, few, small, large):
                return stop
        at = stop
    return at


cdef Py_ssize_t sweep_array(
    const word[::1] a, const word[::1] b, int64_t[:, ::1] pairs, Ranges* ranges,
    Py_ssize_t at, Py_ssize_t few, Py_ssize_t small, Py_ssize_t large, bint refresh,
) noexcept:
    """The same without the GIL."""
    cdef word* refreshed = <word*>&a[0] if refresh else NULL
    with nogil:
        at = sweep_words(a, b, refreshed, pairs, ranges, at, few, small, large)
    return at


def checks_indexes():
    """Whether this is the debug build: then -1 is the last index, else it is the one before the first."""
    cdef const int64_t[::1] last = np.array([0, 1], dtype=np.int64)[1:]
    cdef Py_ssize_t before = -1
    return last[before] == 1


def equal(a not None, b not None):
    cdef const uint8_t[::1] x = a.view(np.uint8)
    cdef const uint8_t[::1] y = b.view(np.uint8)
    cdef Py_ssize_t n = x.shape[0]
    cdef bint same = n == y.shape[0]
    if same and n > 0:
        with nogil:
            same = memcmp(&x[0], &y[0], n) == 0
    return same


def sweep(
    a not None,
    b not None,
    int64_t[:, ::1] pairs not None,
    Py_ssize_t found,
    Py_ssize_t at,
    Py_ssize_t gap,
    Py_ssize_t few,
    Py_ssize_t small,
    Py_ssize_t large,
    bint refresh,
):
    cdef Py_ssize_t n = a.shape[0]
    cdef Py_ssize_t i
    if a.dtype != b.dtype or n != b.shape[0]:
        raise ValueError("the arrays differ in length or type")
    if not 0 <= at <= n or not 0 <= found <= pairs.shape[0] or gap < 1 or pairs.shape[1] != 2:
        raise ValueError("the sweep can't start there")
    if refresh and not a.flags.writeable:
        raise ValueError("a read-only array can't be refreshed")
    cdef Ranges ranges = Ranges(found, 0, gap)
    for i in range(found):
        if not (0 <= pairs[i, 0] <= pairs[i, 1] <= n):
            raise ValueError("a range lies outside")
        ranges.covered += pairs[i, 1] - pairs[i, 0]
        if refresh:
            a[pairs[i, 0] : pairs[i, 1]] = b[pairs[i, 0] : pairs[i, 1]]
    if at == n:
        return found, at
    if a.itemsize == 8:
        at = sweep_array[uint64_t](a, b, pairs, &ranges, at, few, small, large, refresh)
    elif a.itemsize == 4:
        at = sweep_array[uint32_t](a, b, pairs, &ranges, at, few, small, large, refresh)
    elif a.itemsize == 2:
        at = sweep_array[uint16_t](a, b, pairs, &ranges, at, few, small, large, refresh)
    else:
        at = sweep_array[uint8_t](a, b, pairs, &ranges, at, few, small, large, refresh)
    return ranges.found, at
