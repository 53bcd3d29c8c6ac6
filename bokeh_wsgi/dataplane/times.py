"""Converts dates and times to milliseconds since 1970, as Bokeh does (bokeh.util.serialization)."""

import datetime as dt
from typing import Any

import numpy as np

from .kernels import Array

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NP_EPOCH = np.datetime64(0, "ms")
NP_MS = np.timedelta64(1, "ms")
BLOCK = 32768


def array_ms(array: Array) -> Array:
    """datetime64 or timedelta64 as float64 milliseconds, truncated to microseconds; NaT becomes NaN.

    Works in blocks that fit the cache, and allocates only the result.
    """
    flat = array.reshape(-1)
    ms = np.empty(len(flat), dtype=np.float64)
    for lo in range(0, len(flat), BLOCK):
        us = flat[lo : lo + BLOCK].astype(f"{array.dtype.kind}8[us]")
        part = np.divide(us.view(np.int64), 1000.0, out=ms[lo : lo + BLOCK])
        part[np.isnat(us)] = np.nan
    return ms.reshape(array.shape)


def scalar_ms(value: Any) -> float:
    """A date, time, duration or pandas scalar as milliseconds; NaT becomes NaN. Numbers are unchanged.

    Time zones are ignored, as in Bokeh.
    """
    kind = type(value)
    if kind.__module__.split(".")[0] == "pandas":
        return _pandas_ms(value, kind.__name__)
    if isinstance(value, dt.datetime):
        return (value.replace(tzinfo=dt.UTC) - EPOCH).total_seconds() * 1000
    if isinstance(value, dt.time):
        return (value.hour * 3600 + value.minute * 60 + value.second) * 1000 + value.microsecond / 1000.0
    if isinstance(value, np.datetime64):
        return float((value - NP_EPOCH) / NP_MS)
    if isinstance(value, dt.timedelta):
        return value.total_seconds() * 1000.0
    if isinstance(value, np.timedelta64):
        return float(value / NP_MS)
    return float(value)


def _pandas_ms(value: Any, name: str) -> float:
    match name:
        case "NaTType":
            return float("nan")
        case "Period":
            return _pandas_ms(value.to_timestamp(), "Timestamp")
        case "Timestamp":
            return scalar_ms(value.to_datetime64())
        case _:
            return scalar_ms(value.to_timedelta64())
