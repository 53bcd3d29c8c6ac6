"""Encodes floats that were rounded to a few decimals (prices, sensors) as integers: exact, and smaller.

Value i is ``integer / 10 ** decimals``: one float64 division, then rounded to the dtype, so that numpy and
JavaScript compute the same bits. The two lowest integers stand for -0.0, which is what small negative numbers
are rounded to, and for NaN. A column with any other value is sent as floats. After ALP (Afroozeh and Boncz,
SIGMOD 2023).
"""

from typing import Any, Final

import numpy as np

from .columns import Array, bits

MAX_DECIMALS: Final = 6
MINUS_ZERO, NAN = -(2**31), -(2**31) + 1
LIMIT: Final = 2.0**31 - 2
PROBES: Final = 64
BLOCK: Final = 16384
SCALES: Final = np.array([10**decimals for decimals in range(MAX_DECIMALS + 1)], dtype=np.float64)


def find_decimals(values: Array) -> int | None:
    """The fewest decimals with which a few sample values are exact; None if they have more."""
    few = values[:: max(len(values) // 3, 1)]
    if not all(_may_be_decimal(value.item(), values.itemsize) for value in few):
        return None
    some = values[:: max(len(values) // PROBES, 1)]
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(np.multiply.outer(SCALES, some))
        back = (scaled / SCALES[:, None]).astype(values.dtype)
    same = (bits(back) == bits(some)) & (np.abs(scaled) < LIMIT)
    is_nan = bits(some) == bits(np.full(1, np.nan, dtype=values.dtype))
    exact = (same | is_nan).all(axis=1)
    return int(exact.argmax()) if exact.any() else None


def _may_be_decimal(value: float, itemsize: int) -> bool:
    """A fast check: False for most values that are not decimals, and for none that is."""
    if not abs(value) < LIMIT:
        return value != value
    near = abs(value) * 2**-23 if itemsize == 4 else 0.0
    return any(abs(round(value * 10**n) / 10**n - value) <= near for n in range(MAX_DECIMALS + 1))


def to_integers(values: Array, decimals: int) -> Array | None:
    """The values as int32; None if one of them would change."""
    integers = np.empty(len(values), dtype=np.int32)
    for lo in range(0, len(values), BLOCK):
        if not _convert(values[lo : lo + BLOCK], decimals, integers[lo : lo + BLOCK]):
            return None
    return integers


def _convert(values: Array, decimals: int, integers: Array) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.rint(values * SCALES[decimals])
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
    values: Array = integers / SCALES[decimals]
    if len(integers) and integers.min() <= NAN:
        values[integers == MINUS_ZERO] = -0.0
        values[integers == NAN] = np.nan
    return values.astype(dtype, copy=False)


def integers_within(values: Array) -> Array:
    """The end of the memory of ``values``, as the place for their integers; see `spread`."""
    return values.view(np.int32)[values.nbytes // 4 - len(values) :]


def spread(values: Array, decimals: int) -> None:
    """Convert the integers at the end of the memory of ``values``, in place: none is overwritten unread."""
    integers = integers_within(values)
    for lo in range(0, len(values), BLOCK):
        values[lo : lo + BLOCK] = from_integers(integers[lo : lo + BLOCK], decimals, values.dtype)
