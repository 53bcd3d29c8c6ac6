"""Converts values without a wire type to JSON that BokehJS can read, and back."""

import base64
import zlib
from math import isfinite, isnan
from typing import Any, Final

import numpy as np

from bokeh_wsgi.exc import ColumnError

from .kernels import Array
from .wire_types import NUMBERS, wire_numbers

GZIP: Final = 31
MAX_BYTES: Final = 64 << 20
"""The largest array in a JSON row, decompressed."""


def to_plain(value: Any) -> Any:
    """JSON for a value; in Bokeh's format for NaN and infinities, dicts, and arrays of numbers.

    Raises ColumnError for other types; Bokeh's Serializer knows more.
    """
    match value:
        case None | bool() | str():
            return value
        case np.ndarray() if value.dtype.kind in "biufmM" and value.ndim:
            return _array_rep(wire_numbers(value))
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
    """The inverse of ``to_plain``; other objects are unchanged."""
    match value:
        case {"type": "number", "value": "nan" | "+inf" | "-inf" as name}:
            return float(name)
        case {"type": "map", "entries": list(entries)} if all(map(_is_entry, entries)):
            return {from_plain(key): from_plain(item) for key, item in entries}
        case {"type": "ndarray", "array": {"type": "bytes", "data": str(data)}, "dtype": str(dtype)}:
            return _array_of(data, dtype, value)
        case list():
            return [from_plain(item) for item in value]
        case dict():
            return {key: from_plain(item) for key, item in value.items()}
        case _:
            return value


def _is_entry(entry: Any) -> bool:
    """Whether it is a key and a value of a dict."""
    match entry:
        case [{"type": "number", "value": "nan" | "+inf" | "-inf"}, _]:
            return True
        case [key, _]:
            return not isinstance(key, list | dict)
    return False


def _name(value: float) -> str:
    return "nan" if isnan(value) else "+inf" if value > 0 else "-inf"


def _array_rep(array: Array) -> dict[str, Any]:
    data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    # BokehJS reads only gzip.
    packer = zlib.compressobj(wbits=GZIP)
    packed = packer.compress(data) + packer.flush()
    return {
        "type": "ndarray",
        "array": {"type": "bytes", "data": base64.b64encode(packed).decode()},
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "order": "little",
    }


def _array_of(data: str, dtype: str, rep: dict[str, Any]) -> Any:
    """The array; ``rep`` itself if it is not a valid one."""
    try:
        kind = NUMBERS[dtype].newbyteorder(">" if rep.get("order") == "big" else "<")
        packed = base64.b64decode(data, validate=True)
        unpacked = zlib.decompressobj(wbits=GZIP).decompress(packed, MAX_BYTES)
        values = np.frombuffer(unpacked, dtype=kind).reshape(rep["shape"])
    except (KeyError, TypeError, ValueError, zlib.error):
        return rep
    return values.astype(np.bool_ if dtype == "bool" else NUMBERS[dtype])
