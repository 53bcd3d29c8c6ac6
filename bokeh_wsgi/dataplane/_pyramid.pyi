from ._reference import Array

def compute_levels(
    values: Array, pairs: Array, places: Array, levels: Array, first: int, start: int, end: int, /
) -> None: ...
def extreme_rows(
    values: Array, pairs: Array, places: Array, levels: Array, first: int, ends: Array, rows: Array, /
) -> None: ...
def next_row(
    values: Array,
    pairs: Array,
    places: Array,
    levels: Array,
    first: int,
    start: int,
    end: int,
    finite: bool,
    /,
) -> int: ...
def last_finite(
    values: Array, pairs: Array, places: Array, levels: Array, first: int, start: int, end: int, /
) -> int: ...
