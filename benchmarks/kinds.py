"""The kinds of data whose encoding is measured: those of the codec table, and two of sensors and counters."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

Rng = np.random.Generator

KINDS: Final[dict[str, Callable[[Rng, int], Any]]] = {
    "arange f8": lambda rng, n: np.arange(n, dtype="f8"),
    "time axis with jitter f8": lambda rng, n: (
        1.7e12 + np.arange(n) * 10.0 + np.round(rng.normal(0, 1, n), 3)
    ),
    "random walk f8": lambda rng, n: rng.normal(size=n).cumsum(),
    "random walk f4": lambda rng, n: rng.normal(size=n).cumsum().astype("f4"),
    "sine f8": lambda rng, n: np.sin(np.arange(n) / 1000),
    "prices, 2 decimals": lambda rng, n: np.round(100 + rng.normal(0, 0.05, n).cumsum(), 2),
    "categories i4": lambda rng, n: rng.integers(0, 10, n).astype("i4"),
    "mostly zero f8": lambda rng, n: np.where(rng.random(n) < 0.01, rng.normal(size=n), 0.0),
    "sensor f4, 1 decimal": lambda rng, n: np.round(
        20 + 3 * np.sin(np.arange(n) / 5000) + rng.normal(0, 0.2, n), 1
    ).astype("f4"),
    "counter i4": lambda rng, n: rng.integers(0, 3, n).cumsum().astype("i4"),
}


def make(kind: str, rows: int) -> Any:
    return KINDS[kind](np.random.default_rng(7), rows)
