"""`Rounding`: warns of integers that JavaScript, whose numbers are all float64, cannot represent."""

import inspect
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from bokeh.util.warnings import BokehUserWarning

from bokeh_wsgi.dataplane import Column
from bokeh_wsgi.models.state import Key

EXACT: Final = 2**53
"""Every integer between this and its negative is exact as a float64."""
_PACKAGE: Final = str(Path(__file__).parents[2])


class Rounding:
    """Warns of columns whose integers get rounded. Once per column: Bokeh itself warns of each number."""

    def __init__(self) -> None:
        self._warned: set[Key] = set()

    def check(self, key: Key, values: Any, column: Column, what: str) -> None:
        """Warn if values were rounded in their column; ``what`` names the source in the message."""
        if key not in self._warned and _kind(values) in "iuO" and _is_large(column) and _has_large(values):
            self.warn(key, what)

    def warn(self, key: Key, what: str) -> None:
        if key in self._warned:
            return
        self._warned.add(key)
        warnings.warn(
            f"column {key[1]!r} of {what} has integers beyond 2**53, which are rounded: JavaScript's numbers "
            "hold no more digits. Make them strings to keep all",
            BokehUserWarning,
            stacklevel=_stack_level(),
        )


def _is_large(column: Column) -> bool:
    """Whether the column has numbers that may have been such integers."""
    return column.dtype == "float64" and bool(np.any(np.abs(column.data) >= EXACT))


def _kind(values: Any) -> str:
    """The dtype's kind of an array; "O" for all other containers."""
    return str(getattr(getattr(values, "dtype", None), "kind", "O"))


def _has_large(values: Any) -> bool:
    if isinstance(values, int | np.integer):
        return abs(int(values)) >= EXACT
    kind = _kind(values)
    if kind in "iu":
        return True
    return (
        kind == "O" and isinstance(values, list | tuple | range | np.ndarray) and any(map(_has_large, values))
    )


def _stack_level() -> int:
    """The ``stacklevel`` for `warnings` that points to the script's line."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
