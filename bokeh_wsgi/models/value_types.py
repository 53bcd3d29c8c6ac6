"""The grammar of value types: which types there are, and which values each accepts.

Format: `bokeh_wsgi.bokeh_types`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bokeh_wsgi.exc import BadRequest

from .reps import Rep, checked_list, checked_object, checked_type_name, checked_value

_NUMBERS: Final = frozenset({"nan", "+inf", "-inf"})
_PARTS: Final = {"either": 0, "list": 1, "tuple": 0, "dict": 2}
MAX_TYPE_PARTS: Final = 1000
"""Largest number of parts of an attribute's type, without enum values. A value may be compared with each."""
MAX_TYPE_DEPTH: Final = 50
_SCALARS = str | int | float | bool | None
ABSENT: Final = object()
"""The value of a missing field of a struct."""


def _is_int(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)


def _is_float(value: Any) -> bool:
    if isinstance(value, dict):
        number = value.get("value")
        return value.get("type") == "number" and isinstance(number, str) and number in _NUMBERS
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) or _is_float(value) or (isinstance(value, dict) and "type" in value)


def _is_bytes(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "bytes"


WORDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "any": lambda value: value is not ABSENT,
    "spec": lambda value: value is not ABSENT,
    "null": lambda value: value is None,
    "bool": lambda value: isinstance(value, bool),
    "int": _is_int,
    "float": _is_float,
    "str": lambda value: isinstance(value, str),
    "time": _is_time,
    "bytes": _is_bytes,
    "columns": lambda value: False,  # noqa: ARG005 - columns are edited as columns
    "absent": lambda value: value is ABSENT,
}


def checked_types(types: Any) -> Rep:
    """Checked types of classes, in the format of `bokeh_wsgi.bokeh_types`."""
    for name, told in checked_object(types, "types").items():
        checked_type_name(name, "the name of a type")
        told = checked_object(told, f"the types of {name}")
        for base in checked_list(told.get("bases"), f"the bases of {name}"):
            checked_type_name(base, f"a base of {name}")
        for attr, kind in checked_object(told.get("attributes"), f"the attributes of {name}").items():
            _check_type(kind, f"the type of {name}.{attr}")
    return dict(checked_value(types))


def _check_type(kind: Any, what: str) -> None:
    waiting = [(kind, 0)]
    count = 0
    while waiting:
        kind, depth = waiting.pop()
        count += 1
        if count > MAX_TYPE_PARTS or depth > MAX_TYPE_DEPTH:
            raise BadRequest(
                f"{what} has {MAX_TYPE_PARTS} parts at most, and {MAX_TYPE_DEPTH} one inside another"
            )
        waiting += ((part, depth + 1) for part in _type_parts(kind, what))


def _type_parts(kind: Any, what: str) -> list[Any]:
    """The parts of a type; raises BadRequest if it is not a type."""
    if isinstance(kind, str) and kind in WORDS:
        return []
    word, *parts = checked_list(kind, what) or [None]
    if word == "struct" and len(parts) == 1:
        return list(checked_object(parts[0], what).values())
    if word == "range" and len(parts) == 3 and all(_is_bound(bound) for bound in parts[1:]):
        return parts[:1]
    if word == "enum" and all(isinstance(part, _SCALARS) for part in parts):
        return []
    if word == "model" and len(parts) == 1 and isinstance(parts[0], str):
        return []
    if not isinstance(word, str) or word not in _PARTS or _PARTS[word] not in (0, len(parts)):
        raise BadRequest(f"{what} is not a type: {str(kind)[:60]}")
    return parts


def _is_bound(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
