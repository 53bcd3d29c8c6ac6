# distutils: extra_compile_args = -ffp-contract=off
"""Compiled kernel of ramps: compares values with start + i * step, the product and the sum each rounded.

No fused multiply-add (the line above): Python, numpy and JavaScript round twice.
"""

from libc.stdint cimport int8_t, int16_t, int32_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcmp

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


cdef Py_ssize_t count_values(const number[::1] data, double start, double step, double first) noexcept nogil:
    """How many of the values are the ramp's, bit for bit, before the first that is not."""
    cdef number[BLOCK] block
    cdef Py_ssize_t n = data.shape[0]
    cdef Py_ssize_t lo = 0
    cdef Py_ssize_t size, j
    cdef int i
    cdef double base
    while lo < n:
        size = BLOCK if n - lo > BLOCK else n - lo
        base = first + <double>lo
        for i in range(<int>size):
            block[i] = <number>(start + (base + <double>i) * step)
        if memcmp(block, &data[lo], size * sizeof(number)) != 0:
            for j in range(size):
                if memcmp(&block[j], &data[lo + j], sizeof(number)) != 0:
                    return lo + j
        lo += size
    return n


cdef Py_ssize_t count_array(const number[::1] data, double start, double step, double first) noexcept:
    """The same without the GIL."""
    cdef Py_ssize_t count
    with nogil:
        count = count_values(data, start, step, first)
    return count


def count_ramp(data not None, double start, double step, Py_ssize_t first):
    kind = data.dtype.str[1:]
    if kind == "f8":
        return count_array[double](data, start, step, <double>first)
    if kind == "f4":
        return count_array[float](data, start, step, <double>first)
    if kind == "i4":
        return count_array[int32_t](data, start, step, <double>first)
    if kind == "u4":
        return count_array[uint32_t](data, start, step, <double>first)
    if kind == "i2":
        return count_array[int16_t](data, start, step, <double>first)
    if kind == "u2":
        return count_array[uint16_t](data, start, step, <double>first)
    if kind == "i1":
        return count_array[int8_t](data, start, step, <double>first)
    return count_array[uint8_t](data, start, step, <double>first)
