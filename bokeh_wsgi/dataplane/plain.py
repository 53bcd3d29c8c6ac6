"""Values without a wire type of their own as JSON, in the forms BokehJS reads back."""

from math import isfinite, isnan
from typing import Any

import numpy as np

from bokeh_wsgi.exc import ColumnError


def to_plain(value: Any) -> Any:
    """A JSON-able form: Bokeh's own one for numbers that JSON lacks, and for dicts.

    ColumnError for what has none here; Bokeh's Serializer knows more.
    """
    match value:
        case None | bool() | str():
            return value
        case np.generic() | np.ndarray():
            return to_plain(value.tolist())
        case int():
            return value if -(2**53) < value <= 2**53 else to_plain(float(value))
        case float():
            return value if isfinite(value) else {"type": "number", "value": _name(value)}
        case list() | tuple():
            return [to_plain(item) for item in value]
        case dict():
            return {"type": "map", "entries": [[to_plain(k), to_plain(v)] for k, v in value.items()]}
        case _:
            raise ColumnError(f"a column can't hold {type(value).__name__} values")


def from_plain(value: Any) -> Any:
    """The inverse of ``to_plain``; other objects stay as they are."""
    match value:
        case {"type": "number", "value": "nan" | "+inf" | "-inf" as name}:
            return float(name)
        case {"type": "map", "entries": list(entries)} if all(map(_is_entry, entries)):
            return {from_plain(key): from_plain(item) for key, item in entries}
        case list():
            return [from_plain(item) for item in value]
        case dict():
            return {key: from_plain(item) for key, item in value.items()}
        case _:
            return value


def _is_entry(entry: Any) -> bool:
    """Whether it is the name and value of a dict."""
    match entry:
        case [{"type": "number", "value": "nan" | "+inf" | "-inf"}, _]:
            return True
        case [key, _]:
            return not isinstance(key, list | dict)
    return False


def _name(value: float) -> str:
    return "nan" if isnan(value) else "+inf" if value > 0 else "-inf"
