"""Packed values: base64 bytes in Bokeh's JSON, alone or as the data of an array, usually with gzip.

Each reader of a document unpacks all of them. So the server limits the unpacked size of a change before it
stores it: in attributes, events, defaults of data models and JSON columns.
"""

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any, Final

from bokeh_wsgi.dataplane import ARRAY_NUMBERS, Column, Op, OpCode
from bokeh_wsgi.exc import BadRequest, LimitExceeded

from .reps import loads

ARRAYS: Final = frozenset({"ndarray", "typed_array"})
_GZIP: Final = b"\x1f\x8b"
_PIECE_BYTES: Final = 64 << 10
_MODEL_OPS: Final = (OpCode.GRAPH, OpCode.PATCH, OpCode.EVENT)
# JSON without these substrings has no packed values. The last two are escapes of letters of the others.
_SIGNS: Final = ('"bytes"', '"ndarray"', '"typed_array"', "\\u006", "\\u007")


class Unpacking:
    """Counts the unpacked bytes of one change; raises `LimitExceeded` above ``max_bytes``.

    ``option`` is the name of the option that sets the limit.
    """

    def __init__(self, max_bytes: int, option: str) -> None:
        self._max_bytes = max_bytes
        self._option = option
        self._left = max_bytes

    def take(self, size: int) -> None:
        """Count ``size`` bytes."""
        self._left -= size
        if self._left < 0:
            raise LimitExceeded(
                f"One change may unpack to {self._max_bytes} bytes ({self._option}), counting ramps that "
                "become arrays: send it in parts.",
                limit=self._max_bytes,
            )

    def unpacked(self, text: str) -> bytes:
        """Decode base64, and gzip if used; raises ValueError or zlib.error."""
        data = base64.b64decode(text, validate=True)
        if not data.startswith(_GZIP):
            return data
        unpacked = zlib.decompressobj(wbits=31).decompress(data, self._left + 1)
        self.take(len(unpacked))
        return unpacked

    def check(self, value: Any) -> None:
        """Count all packed values in a JSON value; raises BadRequest if one cannot be unpacked."""
        waiting = [value]
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting += value
            elif isinstance(value, dict):
                kind = value.get("type")
                if kind == "bytes":
                    self._check_bytes(value.get("data"))
                elif isinstance(kind, str) and kind in ARRAYS:
                    _check_array(value)
                waiting += value.values()

    def check_text(self, text: str) -> None:
        """Like `check`, for JSON text. It is parsed only if it may contain packed values."""
        if any(sign in text for sign in _SIGNS):
            self.check(loads(text))

    def check_ops(self, ops: Iterable[Op]) -> None:
        """Like `check`, for the ops of a change."""
        for op in ops:
            if op.code in _MODEL_OPS:
                self.check_text(op.json)
            elif op.values is not None and op.values.dtype == "json":
                self._check_column(op.values)

    def _check_column(self, column: Column) -> None:
        data = column.data.tobytes()
        if not any(sign.encode() in data for sign in _SIGNS):
            return
        for text in column.texts():
            if any(sign in text for sign in _SIGNS):
                try:
                    value = json.loads(text)
                except (ValueError, RecursionError):
                    continue  # no reader can parse it either
                self.check(value)

    def _check_bytes(self, text: Any) -> None:
        if not isinstance(text, str):
            raise BadRequest(f"data of bytes must be text, not {type(text).__name__}")
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError as error:
            raise BadRequest(f"data of bytes is not base64: {error}") from error
        if data.startswith(_GZIP):
            try:
                self._count(data)
            except zlib.error as error:
                raise BadRequest(f"data of bytes is not gzip: {error}") from error

    def _count(self, data: bytes) -> None:
        """Count the bytes that ``data`` unpacks to, with one piece in memory at a time."""
        unpacker = zlib.decompressobj(wbits=31)
        for at in range(0, len(data), _PIECE_BYTES):
            packed = data[at : at + _PIECE_BYTES]
            while packed:
                self.take(len(unpacker.decompress(packed, _PIECE_BYTES)))
                packed = unpacker.unconsumed_tail
            if unpacker.unused_data:
                raise BadRequest("data of bytes continues after the end of its gzip data")


def _check_array(rep: dict[str, Any]) -> None:
    """Raise BadRequest for dtypes other than numbers and objects: a string dtype can claim any width."""
    dtype = rep.get("dtype")
    if not isinstance(dtype, str) or dtype not in ARRAY_NUMBERS | {"object"}:
        raise BadRequest(f"unknown type of an array: {str(dtype)[:40]!r}")
