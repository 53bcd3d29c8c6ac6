"""Floats that were rounded to a few decimals (prices, sensors) as integers: exact, and far fewer bytes.

Value i is ``integer / 10 ** decimals``: one float64 division, then rounded to the dtype; so numpy and
JavaScript get the same bits. The two lowest integers stand for -0.0, which rounding makes of small negative
numbers, and for NaN. A column with any other value is sent as floats. After ALP (Afroozeh and Boncz, SIGMOD
2023).
"""

from typing import Any, Final

import numpy as np

from .columns import Array, bits

MAX_DECIMALS: Final = 6
MINUS_ZERO, NAN = -(2**31), -(2**31) + 1
LIMIT: Final = 2.0**31 - 2
PROBES: Final = 64
BLOCK: Final = 16384


def find_decimals(values: Array) -> int | None:
    """The fewest decimals with which a few values from all over are exact; None if they have more."""
    some = values[:: max(len(values) // PROBES, 1)]
    return next((count for count in range(MAX_DECIMALS + 1) if to_integers(some, count) is not None), None)


def to_integers(values: Array, decimals: int) -> Array | None:
    """int32, or None if any value would be another one then."""
    integers = np.empty(len(values), dtype=np.int32)
    for lo in range(0, len(values), BLOCK):
        if not _convert(values[lo : lo + BLOCK], decimals, integers[lo : lo + BLOCK]):
            return None
    return integers


def _convert(values: Array, decimals: int, integers: Array) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * np.float64(10**decimals))
    fits = np.abs(scaled) < LIMIT
    if not fits.all():
        scaled[~fits] = NAN
    integers[:] = scaled
    differ = bits(from_integers(integers, decimals, values.dtype)) != bits(values)
    if differ.any():
        integers[differ] = MINUS_ZERO
        return bool(np.array_equal(bits(from_integers(integers, decimals, values.dtype)), bits(values)))
    return True


def from_integers(integers: Array, decimals: int, dtype: np.dtype[Any]) -> Array:
    values = integers / np.float64(10**decimals)
    if len(integers) and integers.min() <= NAN:
        values[integers == MINUS_ZERO] = -0.0
        values[integers == NAN] = np.nan
    return values.astype(dtype, copy=False)
