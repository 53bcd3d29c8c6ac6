"""What a page sees of a column, as plain values: from Bokeh's own serializer, and from ours."""

import base64
import gzip
from typing import Any

import numpy as np
from bokeh.core.serialization import Serializer

from bokeh_wsgi.dataplane import Column


def as_bokeh_sends(values: Any) -> list[Any]:
    """Bokeh's representation of a column, decoded as BokehJS does, typed arrays as lists."""
    sent: list[Any] = _decode(Serializer(deferred=False).encode(values))
    return sent


def _decode(rep: Any) -> Any:
    match rep:
        case {"type": "ndarray", "array": data, "dtype": dtype, "shape": shape}:
            array = _decode(data) if isinstance(data, list) else _bytes(data, dtype)
            return nest(array, shape)
        case {"type": "typed_array", "array": data, "dtype": dtype}:
            return _bytes(data, dtype)
        case {"type": "number", "value": value}:
            return float(value)
        case {"type": "map"}:
            return {key: _decode(value) for key, value in rep.get("entries", [])}
        case list():
            return [_decode(item) for item in rep]
        case _:
            return plain(rep)


def _bytes(rep: dict[str, Any], dtype: str) -> list[Any]:
    values: list[Any] = np.frombuffer(gzip.decompress(base64.b64decode(rep["data"])), dtype=dtype).tolist()
    return values


def nest(flat: list[Any], shape: list[int]) -> list[Any]:
    if len(shape) == 1:
        return flat
    size = len(flat) // shape[0] if shape[0] else 0
    return [nest(flat[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]


def as_page_shows(column: Column) -> list[Any]:
    """The column's values as nested lists of JavaScript values."""
    shown = plain(column.values())
    assert isinstance(shown, list)
    return shown


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def same(a: Any, b: Any) -> bool:
    """Equal as JavaScript values: numbers by their bits as doubles, and a boolean is no number."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, bool) or isinstance(b, bool) or not isinstance(a, int | float):
        return type(a) is type(b) and bool(a == b)
    if not isinstance(b, int | float):
        return False
    x, y = np.array([a, b], dtype=np.float64)
    return bool(np.isnan(x) and np.isnan(y)) or x.tobytes() == y.tobytes()
