"""`ScreenAxis` and `PixelColumns`: where a page draws values, computed as BokehJS computes it."""

import sys
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log, log10
from typing import Final, Literal, NamedTuple

import numpy as np

from ._reference import Array

FARTHEST: Final = 2.0**31
"""In pixels: no screen is so large."""
MAX_10_EXP: Final = sys.float_info.max_10_exp


class Transform(NamedTuple):
    """A value is drawn at ``factor * value + offset``; on a log axis, its logarithm's part of their range."""

    factor: float
    offset: float
    log_factor: float = 1.0
    log_offset: float = 0.0


@dataclass(frozen=True, slots=True)
class ScreenAxis:
    """An axis of a plot, by the numbers of its scale in BokehJS.

    ``kind``: that of a LinearScale or a LogScale.
    ``source_start``, ``source_end``: the range that is shown, in units of the data.
    ``target_start``, ``target_end``: where its ends are on the screen, in CSS pixels.
    Raises ValueError if values have no place on such an axis.
    """

    kind: Literal["linear", "log"]
    source_start: float
    source_end: float
    target_start: float
    target_end: float

    def __post_init__(self) -> None:
        if self.kind not in ("linear", "log"):
            raise ValueError(f"no such axis: {self.kind!r}")
        numbers = (self.source_start, self.source_end, self.target_start, self.target_end)
        if not all(map(isfinite, numbers)) or max(abs(self.target_start), abs(self.target_end)) > FARTHEST:
            raise ValueError("the ends of an axis must be finite, and on a screen")
        if not all(map(isfinite, self.transform[:2])):
            raise ValueError("the range of an axis is empty, or too small to be shown")

    @property
    def is_log(self) -> bool:
        return self.kind == "log"

    @property
    def start(self) -> float:
        """The lower end on the screen."""
        return min(self.target_start, self.target_end)

    @property
    def end(self) -> float:
        """The upper end on the screen."""
        return max(self.target_start, self.target_end)

    @property
    def descends(self) -> bool:
        """Whether higher values have lower coordinates."""
        return (self.source_end - self.source_start) * (self.target_end - self.target_start) < 0

    @property
    def above(self) -> float:
        """Values that are not higher have no place."""
        return 0.0 if self.is_log else -inf

    @property
    def transform(self) -> Transform:
        return self._log_transform() if self.is_log else self._linear_transform()

    def _linear_transform(self) -> Transform:
        span = self.source_end - self.source_start
        factor = (self.target_end - self.target_start) / span if span else inf
        return Transform(factor, -(factor * self.source_start) + self.target_start)

    def _log_transform(self) -> Transform:
        start, end = _log_range(self.source_start, self.source_end)
        factor, offset = self.target_end - self.target_start, self.target_start
        if start == 0:
            return Transform(factor, offset, log(end))
        # A quotient that is 0 has the logarithm -Infinity in JavaScript.
        return Transform(factor, offset, log(end / start) if end / start else -inf, log(start))

    def compute(self, values: Array) -> Array:
        """The coordinates of values, in CSS pixels; NaN if the axis does not have the value."""
        factor, offset, log_factor, log_offset = self.transform
        numbers = values.astype(np.float64)
        with np.errstate(all="ignore"):
            if not self.is_log:
                return np.asarray(factor * numbers + offset)
            if log_factor == 0:
                return np.zeros(len(numbers))
            part = (np.log(numbers) - log_offset) / log_factor
            return np.where(np.isfinite(part), part * factor + offset, np.nan)


def _log_range(start: float, end: float) -> tuple[float, float]:
    """The range that a LogScale shows: neither empty nor negative."""
    start, end = max(start, 0.0), max(end, 0.0)
    if start != end:
        return start, end
    if start == 0:
        return 1.0, 10.0
    power = floor(log10(start))
    above = ceil(log10(start)) if ceil(log10(start)) != power else power + 1
    return 10.0**power, 10.0**above if above <= MAX_10_EXP else inf


@dataclass(frozen=True, slots=True)
class PixelColumns:
    """The columns of pixels of a frame, along one of its axes; ``ratio`` columns are a CSS pixel.

    BokehJS rounds screen coordinates to 32 bits and draws half a pixel further. Raises ValueError if there
    are no such columns.
    """

    axis: ScreenAxis
    ratio: float

    def __post_init__(self) -> None:
        if not 0 < self.ratio <= FARTHEST:
            raise ValueError("a pixel must have columns")

    @property
    def first(self) -> float:
        """The number of the frame's first column."""
        return self._at(self.axis.start)

    @property
    def last(self) -> float:
        return self._at(self.axis.end)

    @property
    def count(self) -> int:
        return int(self.last - self.first) + 1

    def _at(self, screen: float) -> float:
        return float(floor((float(np.float32(screen)) + 0.5) * self.ratio))

    def of(self, values: Array) -> Array:
        """The numbers of the values' columns, float64; NaN if the axis does not have the value."""
        with np.errstate(all="ignore"):
            screen = self.axis.compute(values).astype(np.float32).astype(np.float64)
            return np.asarray(np.floor((screen + 0.5) * self.ratio))
