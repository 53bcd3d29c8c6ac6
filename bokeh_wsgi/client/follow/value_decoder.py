"""`ValueDecoder`: a Bokeh deserializer for untrusted values, with limits and a single error class."""

import base64
import zlib
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any, Final

from bokeh.core.serialization import DeserializationError, Deserializer

from bokeh_wsgi.dataplane import ARRAY_NUMBERS
from bokeh_wsgi.exc import BokehWSGIError, SessionError

MAX_UNPACKED_BYTES: Final = 512 << 20
"""Limit for all packed values of one decoder: the server's default limit of a change."""
MAX_COLLISIONS: Final = 64
"""Largest number of keys with the same hash: Python's time grows with its square."""


class Unreadable(SessionError, DeserializationError):
    """A value or class of a document cannot be created here. The document on the server is unchanged."""


class ValueDecoder(Deserializer):
    """Decodes Bokeh's JSON from untrusted sources; raises `Unreadable` for what it cannot create."""

    def __init__(self) -> None:
        super().__init__()
        self._left_bytes = MAX_UNPACKED_BYTES

    def decode(self, obj: Any, buffers: Any = None) -> Any:
        try:
            return super().decode(obj, buffers)
        except BokehWSGIError:
            raise
        except DeserializationError as error:
            raise Unreadable(str(error)) from error
        except Exception as error:
            raise Unreadable(f"a value cannot be read: {type(error).__name__}: {error}") from error

    def _decode_bytes(self, obj: Any) -> bytes:
        packed = base64.b64decode(obj["data"])
        unpacking = zlib.decompressobj(wbits=31)
        unpacked = unpacking.decompress(packed, self._left_bytes + 1)
        if len(unpacked) > self._left_bytes:
            raise Unreadable(f"the packed values of a document have more than {MAX_UNPACKED_BYTES} bytes")
        if not unpacking.eof or unpacking.unused_data:
            raise Unreadable("packed values are cut, or more follows them")
        self._left_bytes -= len(unpacked)
        return unpacked

    def _decode_ndarray(self, obj: Any) -> Any:
        dtype = obj["dtype"]
        # Bokeh writes strings as lists of objects. Other dtypes could claim any width.
        if dtype not in ARRAY_NUMBERS and not (dtype == "object" and isinstance(obj["array"], list)):
            raise Unreadable(f"{str(dtype)[:40]!r} is no type of an array")
        return super()._decode_ndarray(obj)

    def _decode_set(self, obj: Any) -> set[Any]:
        return set(_spread([self._decode(entry) for entry in obj.get("entries", ())]))

    def _decode_map(self, obj: Any) -> dict[Any, Any]:
        entries = [(self._decode(key), self._decode(value)) for key, value in obj.get("entries", ())]
        _spread([key for key, _ in entries])
        return dict(entries)


def _spread(keys: list[Hashable]) -> Iterable[Hashable]:
    """The keys; raises `Unreadable` if too many have the same hash."""
    hashes = Counter(map(hash, keys))
    if hashes and max(hashes.values()) > MAX_COLLISIONS:
        raise Unreadable(f"more than {MAX_COLLISIONS} keys have the same hash")
    return keys
