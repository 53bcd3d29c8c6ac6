from ._reference import Array

def checks_indexes() -> bool: ...
def equal(a: Array, b: Array) -> bool: ...
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
) -> tuple[int, int]: ...
