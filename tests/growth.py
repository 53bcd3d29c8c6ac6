"""How the work of something grows with its size."""

import gc
import math
import sys
import time
from collections.abc import Callable
from typing import Any

Act = Callable[[], Any]
DOUBLED = 2.5
"""So many times the work may twice the size take: linear, with something to spare."""
TIMES = 8
"""Within Python's own lists, dicts and strings work is not seen as calls, but as time: of so many times the
size, where a square stands out far from all that else happens on a machine."""

LEAST_S = 0.002
"""Less is not measured well."""
TRIES = 5


def calls_of(act: Act) -> int:
    """How many functions were called."""
    count = 0

    def called(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def seconds_of(act: Act) -> float:
    """Of the processor, in this process, without the search for garbage."""
    gc.disable()
    try:
        begun = time.process_time()
        act()
        return time.process_time() - begun
    finally:
        gc.enable()


def check_linear(made: Callable[[int], Act], size: int) -> None:
    """Fails if what is ``made`` in a size takes far more than double the work in twice the size.

    What is made is done once; making it is not counted. Of all times the best count.
    """
    made(2)()
    once, twice = calls_of(made(size)), calls_of(made(2 * size))
    assert twice < DOUBLED * once, f"{once} calls, and {twice} for twice the size"
    small = large = math.inf
    for _ in range(TRIES):
        small = min(small, seconds_of(made(size)), seconds_of(made(size)))
        large = min(large, seconds_of(made(TIMES * size)))
        if large < DOUBLED**3 * max(small, LEAST_S):
            return
    raise AssertionError(f"{small:.4f} s, and {large:.4f} s for {TIMES} times the size")
