"""`ValueDecoder`: Bokeh's deserializer for values that others wrote, with limits and one kind of error."""

import base64
import zlib
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any, Final

from bokeh.core.serialization import DeserializationError, Deserializer

from bokeh_wsgi.dataplane import NUMBERS
from bokeh_wsgi.exc import BokehWSGIError, SessionError

MAX_UNPACKED_BYTES: Final = 512 << 20
"""Of all packed arrays that one decoder reads: as many as a server takes in one change, by default."""
MAX_COLLISIONS: Final = 64
"""Members of a set that have one hash, as numbers can have. Python takes time by the square of these."""

_DTYPES: Final = frozenset(NUMBERS) | {"int64", "uint64"}


class Unreadable(SessionError, DeserializationError):
    """A value or a class of a document that is not created here; what the server has stays as it is."""


class ValueDecoder(Deserializer):
    """Decodes Bokeh's JSON of others. Raises `Unreadable` for whatever it cannot or does not create."""

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
        # Bokeh writes texts and the like as a list of objects. Other names of types may say any width.
        if dtype not in _DTYPES and not (dtype == "object" and isinstance(obj["array"], list)):
            raise Unreadable(f"{str(dtype)[:40]!r} is no type of an array")
        return super()._decode_ndarray(obj)

    def _decode_set(self, obj: Any) -> set[Any]:
        return set(_spread([self._decode(entry) for entry in obj.get("entries", ())]))

    def _decode_map(self, obj: Any) -> dict[Any, Any]:
        entries = [(self._decode(key), self._decode(value)) for key, value in obj.get("entries", ())]
        _spread([key for key, _ in entries])
        return dict(entries)


def _spread(keys: list[Hashable]) -> Iterable[Hashable]:
    """The keys, if not too many of them have the same hash."""
    hashes = Counter(map(hash, keys))
    if hashes and max(hashes.values()) > MAX_COLLISIONS:
        raise Unreadable(f"more than {MAX_COLLISIONS} keys have the same hash")
    return keys
