"""Compiled kernels of diff. They compare bits: NaN equals itself, -0.0 differs from 0.0.

Equal stretches are passed over by memcmp in blocks that stay in the first-level cache. `_reference.py` has the
same functions in numpy.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp

import numpy as np

cdef enum:
    BLOCK_BYTES = 4096

ctypedef fused word:
    uint8_t
    uint16_t
    uint32_t
    uint64_t


cdef Py_ssize_t sweep(
    const word* a,      # IN
    const word* b,      # IN
    Py_ssize_t n,
    Py_ssize_t gap,
    Py_ssize_t limit,
    int64_t* ranges,    # OUT, room for limit pairs
) noexcept nogil:
    """Number of ranges found, -1 if there are more than limit."""
    cdef Py_ssize_t block = BLOCK_BYTES // <Py_ssize_t>sizeof(word)
    cdef Py_ssize_t found = 0
    cdef Py_ssize_t lo = 0
    cdef Py_ssize_t last = 0
    cdef Py_ssize_t hi, i
    while lo < n:
        hi = lo + block if n - lo > block else n
        if memcmp(a + lo, b + lo, (hi - lo) * sizeof(word)) != 0:
            for i in range(lo, hi):
                if a[i] != b[i]:
                    if found == 0 or i - last > gap:
                        if found == limit:
                            return -1
                        ranges[2 * found] = i
                        found += 1
                    last = i
                    ranges[2 * found - 1] = i + 1
        lo = hi
    return found


def equal(a not None, b not None):
    cdef const uint8_t[::1] x = a.view(np.uint8)
    cdef const uint8_t[::1] y = b.view(np.uint8)
    cdef Py_ssize_t n = x.shape[0]
    cdef bint same = n == y.shape[0]
    if same and n > 0:
        with nogil:
            same = memcmp(&x[0], &y[0], n) == 0
    return same


def changed_ranges(a not None, b not None, Py_ssize_t gap, Py_ssize_t limit):
    cdef const uint8_t[::1] x = a.view(np.uint8)
    cdef const uint8_t[::1] y = b.view(np.uint8)
    cdef Py_ssize_t itemsize = a.itemsize
    cdef Py_ssize_t n = x.shape[0] // itemsize
    if x.shape[0] != y.shape[0] or itemsize != b.itemsize:
        raise ValueError("the arrays differ in length or item size")
    if n == 0:
        return np.empty((0, 2), dtype=np.int64)
    if limit < 1:
        return None if not equal(a, b) else np.empty((0, 2), dtype=np.int64)
    out = np.empty((limit, 2), dtype=np.int64)
    cdef int64_t[:, ::1] ranges = out
    cdef Py_ssize_t found
    gap = max(gap, 1)
    with nogil:
        if itemsize == 8:
            found = sweep[uint64_t](<const uint64_t*>&x[0], <const uint64_t*>&y[0], n, gap, limit, &ranges[0, 0])
        elif itemsize == 4:
            found = sweep[uint32_t](<const uint32_t*>&x[0], <const uint32_t*>&y[0], n, gap, limit, &ranges[0, 0])
        elif itemsize == 2:
            found = sweep[uint16_t](<const uint16_t*>&x[0], <const uint16_t*>&y[0], n, gap, limit, &ranges[0, 0])
        else:
            found = sweep[uint8_t](&x[0], &y[0], n, gap, limit, &ranges[0, 0])
    return None if found < 0 else out[:found].copy()
