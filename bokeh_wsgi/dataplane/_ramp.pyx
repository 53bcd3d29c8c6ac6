# distutils: extra_compile_args = -ffp-contract=off
"""Compiled kernel of ramps: compares values with start + i * step, the product and the sum each rounded.

No fused multiply-add (the line above): Python, numpy and JavaScript round twice.
"""

from libc.stdint cimport int8_t, int16_t, int32_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcmp

import numpy as np

cdef enum:
    BLOCK = 512

ctypedef fused number:
    int8_t
    uint8_t
    int16_t
    uint16_t
    int32_t
    uint32_t
    float
    double


cdef Py_ssize_t count_values(
    const number* data,     # IN
    Py_ssize_t n,
    double start,
    double step,
    double first,
) noexcept nogil:
    """How many of the values are the ramp's, bit for bit, before the first that is not."""
    cdef number[BLOCK] block
    cdef Py_ssize_t lo = 0
    cdef Py_ssize_t size, j
    cdef int i
    cdef double base
    while lo < n:
        size = BLOCK if n - lo > BLOCK else n - lo
        base = first + <double>lo
        for i in range(<int>size):
            block[i] = <number>(start + (base + <double>i) * step)
        if memcmp(block, data + lo, size * sizeof(number)) != 0:
            for j in range(size):
                if memcmp(&block[j], data + lo + j, sizeof(number)) != 0:
                    return lo + j
        lo += size
    return n


def count_ramp(data not None, double start, double step, Py_ssize_t first):
    if data.size == 0:
        return 0
    kind = data.dtype.str[1:]
    cdef const uint8_t[::1] view = data.view(np.uint8)
    cdef const void* at = &view[0]
    cdef Py_ssize_t n = data.size
    cdef Py_ssize_t count = -1
    cdef int code = ("f8", "f4", "i4", "u4", "i2", "u2", "i1", "u1").index(kind)
    with nogil:
        if code == 0:
            count = count_values[double](<const double*>at, n, start, step, <double>first)
        elif code == 1:
            count = count_values[float](<const float*>at, n, start, step, <double>first)
        elif code == 2:
            count = count_values[int32_t](<const int32_t*>at, n, start, step, <double>first)
        elif code == 3:
            count = count_values[uint32_t](<const uint32_t*>at, n, start, step, <double>first)
        elif code == 4:
            count = count_values[int16_t](<const int16_t*>at, n, start, step, <double>first)
        elif code == 5:
            count = count_values[uint16_t](<const uint16_t*>at, n, start, step, <double>first)
        elif code == 6:
            count = count_values[int8_t](<const int8_t*>at, n, start, step, <double>first)
        else:
            count = count_values[uint8_t](<const uint8_t*>at, n, start, step, <double>first)
    return count
