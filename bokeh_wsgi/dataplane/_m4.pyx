# distutils: extra_compile_args = -ffp-contract=off
"""Compiled kernels of `line_rows`: the arithmetic of browser/src/long/ in its order, so that both choose the same.

No fused multiply-add (the line above): JavaScript rounds twice. `_m4_reference.py` has the same in numpy.
"""

from libc.math cimport INFINITY, floor, isfinite, log
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport qsort

import numpy as np

cdef enum:
    FEW = 4             # so many rows of a column are all drawn
    MAX_PARTS = 8       # of more parts in a column, those that touch each other are drawn as one
    PICKED = 6          # rows of one part between the first and the last
    MOST = 9            # with these two and the break after it
    BREAK = -1
    LOW = 0             # columns of extremes
    HIGH = 1
    GAP = 2

ctypedef fused number:
    int8_t
    uint8_t
    int16_t
    uint16_t
    int32_t
    uint32_t
    int64_t
    float
    double

cdef struct Axis:
    bint is_log
    double factor
    double offset
    double log_factor
    double log_offset
    double above
    double ratio

cdef struct Progress:
    Py_ssize_t columns  # done
    Py_ssize_t rows     # chosen

cdef packed struct Part:
    int64_t start       # rows [start, end) without a gap
    int64_t end
    int64_t low         # the first rows that have its lowest and highest value
    int64_t high
    double top          # its pixels
    double bottom

PART = np.dtype("i8, i8, i8, i8, f8, f8")


cdef Axis axis_of(object columns) except *:
    axis = columns.axis
    factor, offset, log_factor, log_offset = axis.transform
    return Axis(axis.is_log, factor, offset, log_factor, log_offset, axis.above, columns.ratio)


cdef inline double place(const Axis* axis, double value) noexcept nogil:
    """Where a value is, in columns of pixels: rounded down, its column. NaN: the axis does not have it."""
    cdef double screen = value
    if axis.is_log:
        if axis.log_factor == 0:
            screen = 0
        else:
            screen = (log(value) - axis.log_offset) / axis.log_factor
            if not isfinite(screen):
                return screen - screen
            screen = screen * axis.factor + axis.offset
    else:
        screen = axis.factor * value + axis.offset
    return (<double><float>screen + 0.5) * axis.ratio


cdef inline bint is_in(const Axis* axis, double value, double column) noexcept nogil:
    cdef double at = place(axis, value)
    return column <= at < column + 1


cdef Py_ssize_t first_row(
    const number[::1] values, const Axis* axis, double least, bint reaches, Py_ssize_t start, Py_ssize_t end
) noexcept nogil:
    """The first of rows [start, end) that is not before a place (reaches), or that is; the end if there is none."""
    cdef Py_ssize_t middle
    cdef double at
    while start < end:
        middle = start + (end - start) // 2
        at = place(axis, <double>values[middle])
        if at >= least if reaches else at < least:
            end = middle
        else:
            start = middle + 1
    return start


cdef Py_ssize_t end_of_column(
    const number[::1] values, const Axis* axis, Py_ssize_t row, Py_ssize_t end, Py_ssize_t guess
) noexcept nogil:
    """The end of the rows from one on that are in its column of pixels; there may be about so many."""
    cdef double column = floor(place(axis, <double>values[row]))
    cdef Py_ssize_t low = row, high = end, step = 1, middle = min(row + guess, end - 1)
    if is_in(axis, <double>values[middle], column):
        low = middle
        while low + step < high and is_in(axis, <double>values[low + step], column):
            low += step
            step *= 2
        high = min(high, low + step)
    else:
        high = middle
        while high - step > low and not is_in(axis, <double>values[high - step], column):
            high -= step
            step *= 2
        low = max(low, high - step)
    low += 1
    while low < high:
        middle = low + (high - low) // 2
        if is_in(axis, <double>values[middle], column):
            low = middle + 1
        else:
            high = middle
    return low


cdef Py_ssize_t find_ends(
    const number[::1] values, const Axis* axis, Py_ssize_t row, Py_ssize_t end, Py_ssize_t guess, int64_t[::1] ends
) noexcept nogil:
    """How many columns of pixels the rows are in; -1 if there are more than they can be in."""
    cdef Py_ssize_t count = 0, before
    ends[0] = row
    while row < end:
        if count + 1 == ends.shape[0]:
            return -1
        before = row
        row = end_of_column(values, axis, row, end, guess)
        guess = row - before
        count += 1
        ends[count] = row
    return count


cdef inline bint is_drawn(double value, double above) noexcept nogil:
    return value - value == 0 and value > above


cdef Py_ssize_t find_parts(
    const number[::1] values, Py_ssize_t row, Py_ssize_t end, double above, Part[::1] parts
) noexcept nogil:
    """How many parts without gaps the rows [row, end) have; -1 if there is no room for them."""
    cdef Py_ssize_t count = 0
    cdef double value, low = 0, high = 0
    cdef bint is_open = False
    for row in range(row, end):
        value = <double>values[row]
        if not is_drawn(value, above):
            is_open = False
            continue
        if not is_open:
            if count == parts.shape[0]:
                return -1
            is_open = True
            low, high = INFINITY, -INFINITY
            parts[count].start = row
            count += 1
        if value < low:
            low = value
            parts[count - 1].low = row
        if value > high:
            high = value
            parts[count - 1].high = row
        parts[count - 1].end = row + 1
    return count


cdef int by_top(const void* a, const void* b) noexcept nogil:
    cdef const Part* x = <const Part*>a
    cdef const Part* y = <const Part*>b
    if x.top != y.top:
        return -1 if x.top < y.top else 1
    return -1 if x.start < y.start else 1


cdef Py_ssize_t merge(
    const number[::1] values, const Axis* across, Part[::1] parts, Py_ssize_t count
) noexcept nogil:
    """Make those that touch one, but not the first and the last: all are upright lines in one column of pixels."""
    cdef Py_ssize_t i, kept = 1, merged = 0
    cdef double a, b, bottom = 0
    for i in range(1, count - 1):
        if parts[i].end - parts[i].start > 1:
            parts[kept] = parts[i]
            a = floor(place(across, <double>values[parts[i].low]))
            b = floor(place(across, <double>values[parts[i].high]))
            parts[kept].top, parts[kept].bottom = min(a, b), max(a, b)
            kept += 1
    qsort(&parts[1], kept - 1, sizeof(Part), by_top)
    for i in range(1, kept):
        if merged > 0 and parts[i].top <= bottom + 1:
            if <double>values[parts[i].low] < <double>values[parts[merged].low]:
                parts[merged].low = parts[i].low
            if <double>values[parts[i].high] > <double>values[parts[merged].high]:
                parts[merged].high = parts[i].high
            bottom = max(bottom, parts[i].bottom)
        else:
            merged += 1
            parts[merged] = parts[i]
            bottom = parts[i].bottom
    for i in range(1, merged + 1):
        parts[i].start = parts[i].low
        parts[i].end = parts[i].high + 1
    parts[merged + 1] = parts[count - 1]
    return merged + 2


cdef inline Py_ssize_t insert(int64_t* picked, Py_ssize_t count, int64_t row) noexcept nogil:
    """Put a row among others, which are in order, if it is not there."""
    cdef Py_ssize_t at = count, i
    while at > 0 and picked[at - 1] > row:
        at -= 1
    if at > 0 and picked[at - 1] == row:
        return count
    for i in range(count, at, -1):
        picked[i] = picked[i - 1]
    picked[at] = row
    return count + 1


cdef Py_ssize_t push(
    const number[::1] values, int64_t[::1] rows, Py_ssize_t count, Py_ssize_t first, Py_ssize_t low, Py_ssize_t high,
    Py_ssize_t last,
) noexcept nogil:
    """The first row, the lowest and the highest in their order, with those beside them at steps, and the last."""
    cdef int64_t[PICKED] picked
    cdef Py_ssize_t found = 0, row, i
    cdef double least = <double>values[low], most = <double>values[high], middle = least + (most - least) / 2
    found = insert(picked, insert(picked, found, low), high)
    for row in range(low - 1, low + 2, 2):
        if 0 <= row < values.shape[0] and middle < <double>values[row] <= most:
            found = insert(picked, found, row)
    for row in range(high - 1, high + 2, 2):
        if 0 <= row < values.shape[0] and least <= <double>values[row] < middle:
            found = insert(picked, found, row)
    rows[count] = first
    count += 1
    for i in range(found):
        if first < picked[i] < last:
            rows[count] = picked[i]
            count += 1
    if last != first:
        rows[count] = last
        count += 1
    return count


cdef Py_ssize_t push_parts(
    const number[::1] values, int64_t[::1] rows, Py_ssize_t count, Part[::1] parts, Py_ssize_t found,
    Py_ssize_t start, Py_ssize_t end,
) noexcept nogil:
    """Each part, and a break before and after it."""
    cdef Py_ssize_t i
    if found == 0 or parts[0].start > start:
        rows[count] = BREAK
        count += 1
    for i in range(found):
        count = push(values, rows, count, parts[i].start, parts[i].low, parts[i].high, parts[i].end - 1)
        if i < found - 1 or parts[i].end < end:
            rows[count] = BREAK
            count += 1
    return count


cdef inline bint is_whole(
    const number[::1] values, const int64_t[:, ::1] extremes, Py_ssize_t column, double above
) noexcept nogil:
    """Whether all rows of a column of pixels are drawn. A value far away is read only if it has to be."""
    if extremes[column, GAP] != 0:
        return False
    return above == -INFINITY or <double>values[extremes[column, LOW]] > above


cdef void choose(
    const number[::1] values, const int64_t[::1] ends, const int64_t[:, ::1] extremes, const Axis* across,
    Part[::1] parts, int64_t[::1] rows, Progress* done,
) noexcept nogil:
    """Go on until all columns are done, or there is no room for the next one."""
    cdef Py_ssize_t start, end, row, low, high, found
    while done.columns < extremes.shape[0]:
        start, end = ends[done.columns], ends[done.columns + 1]
        if rows.shape[0] - done.rows < MOST:
            return
        if end - start <= FEW:
            for row in range(start, end):
                rows[done.rows] = row
                done.rows += 1
        elif is_whole(values, extremes, done.columns, across.above):
            low, high = extremes[done.columns, LOW], extremes[done.columns, HIGH]
            done.rows = push(values, rows, done.rows, start, low, high, end - 1)
        else:
            found = find_parts(values, start, end, across.above, parts)
            if found < 0 or rows.shape[0] - done.rows <= MOST * found:
                return
            if found > MAX_PARTS:
                found = merge(values, across, parts, found)
            done.rows = push_parts(values, rows, done.rows, parts, found, start, end)
        done.columns += 1


def rows_in(const number[::1] sorted_column not None, columns not None):
    cdef Axis axis = axis_of(columns)
    cdef Py_ssize_t start, end, rows = sorted_column.shape[0]
    cdef double least = columns.first, most = columns.last + 1
    cdef bint descends = columns.axis.descends
    with nogil:
        start = first_row(sorted_column, &axis, most if descends else least, not descends, 0, rows)
        end = first_row(sorted_column, &axis, least if descends else most, not descends, start, rows)
    return start, end


def column_ends(const number[::1] sorted_column not None, columns not None, Py_ssize_t start, Py_ssize_t end):
    cdef Axis axis = axis_of(columns)
    most = min(columns.count, max(0, end - start))
    cdef int64_t[::1] ends = np.empty(most + 1, dtype=np.int64)
    cdef Py_ssize_t count, guess = (end - start) // columns.count + 1
    if not 0 <= start <= end <= sorted_column.shape[0]:
        raise ValueError("the rows are not there")
    with nogil:
        count = find_ends(sorted_column, &axis, start, end, guess, ends)
    if count < 0:
        raise ValueError("the column does not ascend")
    return np.asarray(ends)[: count + 1]


def choose_rows(
    const number[::1] values not None, const int64_t[::1] ends not None, const int64_t[:, ::1] extremes not None,
    across not None,
):
    cdef Axis axis = axis_of(across)
    cdef Progress done = Progress(0, 0)
    cdef int64_t[::1] rows = np.empty(MOST * ends.shape[0] + 64, dtype=np.int64)
    cdef Part[::1] parts = np.empty(64, dtype=PART)
    while True:
        with nogil:
            choose(values, ends, extremes, &axis, parts, rows, &done)
        if done.columns == extremes.shape[0]:
            return np.asarray(rows)[: done.rows]
        rows = np.resize(rows, 2 * rows.shape[0])
        parts = np.empty(2 * parts.shape[0], dtype=PART)
