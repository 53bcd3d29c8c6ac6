"""Integers of columns that JavaScript, whose numbers are all float64, cannot hold: told once a column."""

import inspect
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from bokeh.util.warnings import BokehUserWarning

from bokeh_wsgi.dataplane import Column
from bokeh_wsgi.models.state import Key

EXACT: Final = 2**53
"""Below this, and above its negative, every integer is a float64."""
_PACKAGE: Final = str(Path(__file__).parents[2])


class Rounding:
    """Warns of columns whose integers are rounded, as Bokeh does of each such number; of each column once."""

    def __init__(self) -> None:
        self._told: set[Key] = set()

    def see(self, key: Key, values: Any, column: Column, what: str) -> None:
        """A column was made of these values; ``what`` it is of, for people."""
        if key not in self._told and _kind(values) in "iuO" and _is_large(column) and _has_large(values):
            self.tell(key, what)

    def tell(self, key: Key, what: str) -> None:
        if key in self._told:
            return
        self._told.add(key)
        warnings.warn(
            f"column {key[1]!r} of {what} has integers beyond 2**53, which are rounded: JavaScript's numbers "
            "hold no more digits. Make them strings to keep all",
            BokehUserWarning,
            stacklevel=_stack_level(),
        )


def _is_large(column: Column) -> bool:
    """Whether it has numbers that may have been such integers."""
    return column.dtype == "float64" and bool(np.any(np.abs(column.data) >= EXACT))


def _kind(values: Any) -> str:
    """That of an array's numbers, as numpy calls it; "O" of all else."""
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
    """That of the script's own line."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
