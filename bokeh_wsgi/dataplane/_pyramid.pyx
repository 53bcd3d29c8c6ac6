"""Compiled kernels of pyramids. `_reference.py` has the same in numpy, `pyramid.py` describes the arrays.

Values are compared as float64; one that is no finite number is a gap. Row ``first + i`` is ``values[i]``.
"""

from libc.math cimport INFINITY
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t

cdef enum:
    LEAF = 64
    FAN_OUT = 16
    LEVELS = 10         # the last one is always empty
    LANES = 8
    HAS_GAP = 0x80      # in the place of a node's lowest value
    PLACE = 0x7F
    OFFSET = 0          # columns of levels
    BASE = 1
    FIRST = 2
    END = 3

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

cdef struct Found:
    double low
    double high
    Py_ssize_t low_row  # -1: there is none
    Py_ssize_t high_row
    int low_level       # -1: it is a row; else a node of this level
    int high_level
    bint has_gap


cdef inline Found nothing() noexcept nogil:
    return Found(INFINITY, -INFINITY, -1, -1, -1, -1, False)


cdef inline Py_ssize_t index(const int64_t[:, ::1] levels, int at, Py_ssize_t node) noexcept nogil:
    """Where a node is in the arrays; -1 if it is not there."""
    return levels[at, OFFSET] + node - levels[at, BASE] if levels[at, FIRST] <= node < levels[at, END] else -1


cdef inline void look(double value, double* low, double* high, double* gaps) noexcept nogil:
    cdef double gap = value - value     # 0, or NaN: then the sum is NaN too, and neither lower nor higher
    value += gap
    low[0] = value if value < low[0] else low[0]
    high[0] = value if value > high[0] else high[0]
    gaps[0] += gap


cdef Found scan(const number[::1] values, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
    """The extremes of the values at [start, end)."""
    cdef Found found = nothing()
    cdef double[LANES] low, high, gaps
    cdef double gap = 0
    cdef Py_ssize_t at = start
    cdef int lane
    for lane in range(LANES):
        low[lane], high[lane], gaps[lane] = INFINITY, -INFINITY, 0
    while at + LANES <= end:
        for lane in range(LANES):
            look(<double>values[at + lane], &low[lane], &high[lane], &gaps[lane])
        at += LANES
    for lane in range(<int>(end - at)):
        look(<double>values[at + lane], &low[lane], &high[lane], &gaps[lane])
    for lane in range(LANES):
        found.low = min(found.low, low[lane])
        found.high = max(found.high, high[lane])
        gap += gaps[lane]
    found.has_gap = gap != 0
    if found.low <= found.high:
        found.low_row = found.high_row = start
        while <double>values[found.low_row] != found.low:
            found.low_row += 1
        while <double>values[found.high_row] != found.high:
            found.high_row += 1
    return found


cdef void take_rows(Found* found, const Found* rows, Py_ssize_t first, bint come_before) noexcept nogil:
    """Take in rows that come before or after all others: of equal values the first counts."""
    found.has_gap |= rows.has_gap
    if rows.low_row < 0:
        return
    if rows.low < found.low or (come_before and rows.low == found.low):
        found.low, found.low_row, found.low_level = rows.low, first + rows.low_row, -1
    if rows.high > found.high or (come_before and rows.high == found.high):
        found.high, found.high_row, found.high_level = rows.high, first + rows.high_row, -1


cdef inline void take_node(
    const double[:, ::1] pairs, const uint8_t[:, ::1] places, Py_ssize_t i, int at, Py_ssize_t node, Found* found
) noexcept nogil:
    """Take in a node that comes after all others."""
    found.has_gap |= places[i, 0] & HAS_GAP != 0
    if pairs[i, 0] < found.low:
        found.low, found.low_row, found.low_level = pairs[i, 0], node, at
    if pairs[i, 1] > found.high:
        found.high, found.high_row, found.high_level = pairs[i, 1], node, at


cdef void take_leaves(
    const double[:, ::1] pairs, const uint8_t[:, ::1] places, const int64_t[:, ::1] levels,
    Py_ssize_t a, Py_ssize_t b, Found* found,
) noexcept nogil:
    """Take in the leaves [a, b) in their order, as few nodes."""
    cdef Py_ssize_t[LEVELS] stops       # ends of the nodes on the right, which come last
    cdef Py_ssize_t shift
    cdef int at = 0
    cdef bint is_top
    while True:
        shift = levels[at, OFFSET] - levels[at, BASE]
        is_top = levels[at + 1, FIRST] == levels[at + 1, END]
        while a < b and (is_top or a % FAN_OUT != 0 or index(levels, at + 1, a // FAN_OUT) < 0):
            take_node(pairs, places, shift + a, at, a, found)
            a += 1
        stops[at] = b
        while a < b and (b % FAN_OUT != 0 or b // FAN_OUT > levels[at + 1, END]):
            b -= 1
        if a == b:
            break
        a //= FAN_OUT
        b //= FAN_OUT
        at += 1
    while True:
        shift = levels[at, OFFSET] - levels[at, BASE]
        for b in range(b, stops[at]):
            take_node(pairs, places, shift + b, at, b, found)
        if at == 0:
            return
        b = stops[at] * FAN_OUT
        at -= 1


cdef Py_ssize_t row_of(
    const uint8_t[:, ::1] places, const int64_t[:, ::1] levels, int at, Py_ssize_t node, int side
) noexcept nogil:
    """The row that gave a node its lowest (side 0) or highest value (side 1)."""
    while at >= 0:
        node = node * (FAN_OUT if at > 0 else LEAF) + (places[index(levels, at, node), side] & PLACE)
        at -= 1
    return node


cdef inline bint may_matter(
    const double[:, ::1] pairs, const uint8_t[:, ::1] places, Py_ssize_t leaf, const Found* found
) noexcept nogil:
    """Whether a row of a leaf may be a gap, or not between the extremes found."""
    return (
        leaf < 0 or places[leaf, 0] & HAS_GAP != 0 or pairs[leaf, 0] <= found.low or pairs[leaf, 1] >= found.high
    )


cdef Found find(
    const number[::1] values, const double[:, ::1] pairs, const uint8_t[:, ::1] places, const int64_t[:, ::1] levels,
    Py_ssize_t first, Py_ssize_t start, Py_ssize_t end,
) noexcept nogil:
    """The extremes of the rows [start, end)."""
    cdef Found found = nothing()
    cdef Found rest
    cdef Py_ssize_t a = (start + LEAF - 1) // LEAF, b = end // LEAF
    if a >= b:
        rest = scan(values, start - first, end - first)
        take_rows(&found, &rest, first, True)
        return found
    take_leaves(pairs, places, levels, a, b, &found)
    if b * LEAF < end and may_matter(pairs, places, index(levels, 0, b), &found):
        rest = scan(values, b * LEAF - first, end - first)
        take_rows(&found, &rest, first, False)
    if start < a * LEAF and may_matter(pairs, places, index(levels, 0, a - 1), &found):
        rest = scan(values, start - first, a * LEAF - first)
        take_rows(&found, &rest, first, True)
    if found.low_row >= 0:
        found.low_row = row_of(places, levels, found.low_level, found.low_row, 0)
        found.high_row = row_of(places, levels, found.high_level, found.high_row, 1)
    return found


cdef void compute_leaf(
    const number[::1] values, double[:, ::1] pairs, uint8_t[:, ::1] places, Py_ssize_t i, Py_ssize_t start
) noexcept nogil:
    cdef Found found = scan(values, start, start + LEAF)
    pairs[i, 0], pairs[i, 1] = found.low, found.high
    places[i, 0] = <uint8_t>(max(found.low_row - start, 0) | (HAS_GAP if found.has_gap else 0))
    places[i, 1] = <uint8_t>max(found.high_row - start, 0)


cdef void compute_node(
    double[:, ::1] pairs, uint8_t[:, ::1] places, Py_ssize_t i, Py_ssize_t child
) noexcept nogil:
    """A node from its children, which begin at an index."""
    cdef Found found = nothing()
    cdef int k
    for k in range(FAN_OUT):
        take_node(pairs, places, child + k, 0, k, &found)
    pairs[i, 0], pairs[i, 1] = found.low, found.high
    places[i, 0] = <uint8_t>(max(found.low_row, 0) | (HAS_GAP if found.has_gap else 0))
    places[i, 1] = <uint8_t>max(found.high_row, 0)


cdef void compute_nodes(
    const number[::1] values, double[:, ::1] pairs, uint8_t[:, ::1] places, const int64_t[:, ::1] levels,
    Py_ssize_t first, Py_ssize_t start, Py_ssize_t end,
) noexcept nogil:
    """Compute the nodes that have rows of [start, end)."""
    cdef Py_ssize_t a = start // LEAF, b = (end + LEAF - 1) // LEAF, node
    cdef int at
    for at in range(LEVELS):
        a, b = max(a, levels[at, FIRST]), min(b, levels[at, END])
        for node in range(a, b):
            if at == 0:
                compute_leaf(values, pairs, places, index(levels, 0, node), node * LEAF - first)
            else:
                compute_node(pairs, places, index(levels, at, node), index(levels, at - 1, node * FAN_OUT))
        a, b = a // FAN_OUT, (b + FAN_OUT - 1) // FAN_OUT


cdef inline bint has_none(
    const double[:, ::1] pairs, const uint8_t[:, ::1] places, Py_ssize_t i, bint finite
) noexcept nogil:
    """Whether no row of a node is a finite number, or no row is a gap."""
    if i < 0:
        return False
    return pairs[i, 0] > pairs[i, 1] if finite else places[i, 0] & HAS_GAP == 0


cdef Py_ssize_t find_next(
    const number[::1] values, const double[:, ::1] pairs, const uint8_t[:, ::1] places, const int64_t[:, ::1] levels,
    Py_ssize_t first, Py_ssize_t start, Py_ssize_t end, bint finite,
) noexcept nogil:
    cdef Py_ssize_t row = start, stop
    cdef double value
    while row < end:
        if has_none(pairs, places, index(levels, 1, row // (LEAF * FAN_OUT)), finite):
            row = (row // (LEAF * FAN_OUT) + 1) * (LEAF * FAN_OUT)
            continue
        stop = (row // LEAF + 1) * LEAF
        if not has_none(pairs, places, index(levels, 0, row // LEAF), finite):
            for row in range(row, min(stop, end)):
                value = <double>values[row - first]
                if (value - value == 0) == finite:
                    return row
        row = stop
    return end


cdef Py_ssize_t find_last(
    const number[::1] values, const double[:, ::1] pairs, const uint8_t[:, ::1] places, const int64_t[:, ::1] levels,
    Py_ssize_t first, Py_ssize_t start, Py_ssize_t end,
) noexcept nogil:
    cdef Py_ssize_t row = end - 1, leaf
    cdef double value
    while row >= start:
        if has_none(pairs, places, index(levels, 0, row // LEAF), True):
            row = row // LEAF * LEAF - 1
            continue
        value = <double>values[row - first]
        if value - value == 0:
            return row
        row -= 1
    return start - 1


def compute_levels(
    const number[::1] values not None, double[:, ::1] pairs not None, uint8_t[:, ::1] places not None,
    const int64_t[:, ::1] levels not None, Py_ssize_t first, Py_ssize_t start, Py_ssize_t end,
):
    with nogil:
        compute_nodes(values, pairs, places, levels, first, start, end)


def extreme_rows(
    const number[::1] values not None, const double[:, ::1] pairs not None, const uint8_t[:, ::1] places not None,
    const int64_t[:, ::1] levels not None, Py_ssize_t first, const int64_t[::1] ends not None,
    int64_t[:, ::1] rows not None,
):
    cdef Py_ssize_t i
    cdef Found found
    with nogil:
        for i in range(rows.shape[0]):
            found = find(values, pairs, places, levels, first, ends[i], ends[i + 1])
            rows[i, 0], rows[i, 1], rows[i, 2] = found.low_row, found.high_row, found.has_gap


def next_row(
    const number[::1] values not None, const double[:, ::1] pairs not None, const uint8_t[:, ::1] places not None,
    const int64_t[:, ::1] levels not None, Py_ssize_t first, Py_ssize_t start, Py_ssize_t end, bint finite,
):
    with nogil:
        start = find_next(values, pairs, places, levels, first, start, end, finite)
    return start


def last_finite(
    const number[::1] values not None, const double[:, ::1] pairs not None, const uint8_t[:, ::1] places not None,
    const int64_t[:, ::1] levels not None, Py_ssize_t first, Py_ssize_t start, Py_ssize_t end,
):
    with nogil:
        start = find_last(values, pairs, places, levels, first, start, end)
    return start
