"""Flattens and nests Bokeh's JSON representations of models ("reps"), and checks untrusted JSON.

Bokeh writes a model in full at its first mention, ``{"type": "object", "name", "id", "attributes"}``, and as
``{"id"}`` from then on. Objects without an id, maps, sets, arrays and bytes are plain values, which may
contain models.
"""

import json
import re
from collections.abc import Container, Mapping
from math import copysign, isfinite
from typing import Any, NoReturn

from bokeh_wsgi.exc import BadRequest

MAX_DEPTH = 400
"""Nesting limit of containers; Bokeh's own serializer fails at about 300.

Python's limit is 1000 calls. So recursive functions here use one call per level, and no comprehension or
``map``, which would take two."""

MAX_ID_LENGTH = 128

MAX_GENERATION_LENGTH = 64

# An escape that may be half a surrogate pair.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")

_GENERATION = re.compile(r"[A-Za-z0-9._~-]*")
_OBJECT_KEYS = frozenset({"type", "id", "name", "attributes"})

# Average bytes of a list, an object, an item and a member.
_SIZES = (70, 180, 50, 90)

Rep = dict[str, Any]
References = dict[str, frozenset[str]]
"""The ids that each attribute of a model references; attributes without references are left out."""


def loads(text: str | bytes | bytearray) -> Any:
    """Parse JSON; raises BadRequest for NaN, deep nesting, and anything else that browsers cannot parse.

    Half a surrogate pair is refused as well, since UTF-8 cannot encode it.
    """
    try:
        # json.loads itself accepts half pairs, also in bytes.
        plain = text if isinstance(text, str) else text.decode()
        value = json.loads(plain, parse_constant=_refuse_constant)
        if "\\u" in plain and _HALF.search(plain):
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError:
        raise BadRequest("JSON contains half a surrogate pair") from None
    except RecursionError:
        raise BadRequest(f"JSON is nested more than {MAX_DEPTH} levels deep") from None
    except ValueError as error:
        raise BadRequest(f"not valid JSON: {error}") from error


def memory_of(text: str | bytes | bytearray) -> int:
    """Approximate bytes of memory of the parsed JSON: up to thirty times the length of the text."""
    if isinstance(text, str):
        counts = text.count("["), text.count("{"), text.count(","), text.count(":")
    else:
        counts = text.count(b"["), text.count(b"{"), text.count(b","), text.count(b":")
    return len(text) + sum(count * size for count, size in zip(counts, _SIZES, strict=True))


def dumps(value: Any) -> str:
    """JSON text of a value from `loads`; raises BadRequest for infinity, which `loads` makes of 1e999."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise BadRequest(f"a number is too large: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def checked_text(value: Any, what: str) -> str:
    """`value` as a str that UTF-8 can encode."""
    if not isinstance(value, str):
        raise BadRequest(f"{what} must be text, not {type(value).__name__}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadRequest(f"{what} contains half a surrogate pair") from None
    return value if type(value) is str else str(value)


def checked_type_name(value: Any, what: str) -> str:
    """The name of a type. It must be printable, since messages in terminals contain it."""
    text = checked_text(value, what)
    if not text.isprintable():
        raise BadRequest(f"{what} must be printable text, not {text[:80]!r}")
    return text


def checked_id(value: Any) -> str:
    text = checked_text(value, "a model's id")
    if not 0 < len(text) <= MAX_ID_LENGTH:
        raise BadRequest(f"a model's id has 1 to {MAX_ID_LENGTH} characters, not {len(text)}")
    return text


def checked_generation(value: Any) -> str:
    """The generation of a document: text without characters to escape in URLs and headers; "" for none."""
    text = checked_text(value, "a generation")
    if len(text) > MAX_GENERATION_LENGTH or not _GENERATION.fullmatch(text):
        raise BadRequest(
            f"a generation has {MAX_GENERATION_LENGTH} characters at most, of A-Z a-z 0-9 - . _ ~, "
            f"not {text[:80]!r}"
        )
    return text


def checked_object(value: Any, what: str) -> Rep:
    if not isinstance(value, dict):
        raise BadRequest(f"{what} must be a JSON object, not {type(value).__name__}")
    return value


def checked_list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise BadRequest(f"{what} must be a list, not {type(value).__name__}")
    return list(value)


def reference_of(value: Mapping[str, Any]) -> Any:
    """The unchecked id that `value` references; None if it is not a reference."""
    if "id" in value and ("type" not in value or value["type"] == "ref"):
        return value["id"]
    return None


class Flattener:
    """Moves models out of nested values and replaces them by ``{"id"}``.

    `known` are ids that may be referenced without a definition. As in Bokeh, a definition must precede its
    references. Wrong ids raise nothing: they are collected in ``unknown`` (referenced, but not defined
    before) and ``taken`` (defined, but already known). A wrong format raises BadRequest. Results share no
    container with the input.
    """

    def __init__(self, known: Container[str] = ()) -> None:
        self._known = known
        self.models: dict[str, Rep] = {}
        self.references: dict[str, References] = {}
        self.unknown: dict[str, None] = {}
        self.taken: dict[str, None] = {}

    def flatten(self, value: Any) -> tuple[Any, frozenset[str]]:
        """The flat value, and the ids it references."""
        mentioned: set[str] = set()
        return self._value(value, mentioned, 0), frozenset(mentioned)

    def model(self, model_id: str, rep: Rep, depth: int = 0) -> None:
        """Add the definition of one model; `rep` needs no ``id`` and ``type``."""
        name = checked_type_name(rep.get("name"), f"the type name of model {model_id}")
        attributes = checked_object(rep.get("attributes", {}), f"attributes of model {model_id}")
        if model_id in self.models:
            raise BadRequest(f"model {model_id} is defined twice")
        flat: Rep = {}
        references: References = {}
        self.models[model_id], self.references[model_id] = {"name": name, "attributes": flat}, references
        for attr, value in attributes.items():
            mentioned: set[str] = set()
            flat[checked_text(attr, "an attribute's name")] = self._value(value, mentioned, depth + 2)
            if mentioned:
                references[attr] = frozenset(mentioned)
        if extra := {key: value for key, value in rep.items() if key not in _OBJECT_KEYS}:
            self.models[model_id] |= checked_value(extra, depth)

    def _value(self, value: Any, mentioned: set[str], depth: int) -> Any:
        if not isinstance(value, list | dict | tuple):
            return checked_scalar(value)
        if depth >= MAX_DEPTH:
            raise BadRequest(f"JSON is nested more than {MAX_DEPTH} levels deep")
        if not isinstance(value, dict):
            items = []
            for item in value:
                items.append(self._value(item, mentioned, depth + 1))  # noqa: PERF401
            return items
        model_id = self._model_id(value)
        if model_id is not None:
            mentioned.add(model_id)
            if value.get("type") == "object":
                self.model(model_id, value, depth)
            return {"id": model_id}
        flat: Rep = {}
        for key, item in value.items():
            flat[checked_text(key, "a key")] = self._value(item, mentioned, depth + 1)
        return flat

    def _model_id(self, value: Rep) -> str | None:
        """The model that `value` defines or refers to; None for other values."""
        kind = checked_text(value.get("type", ""), "a value's type")
        if kind == "bytes":
            checked_text(value.get("data"), "data of bytes")
        if kind == "object" and "id" in value:
            model_id = checked_id(value["id"])
            if model_id in self._known:
                self.taken[model_id] = None
        elif (target := reference_of(value)) is not None:
            model_id = checked_id(target)
            if model_id not in self._known and model_id not in self.models:
                self.unknown[model_id] = None
        else:
            if kind == "object" and "name" in value:
                checked_type_name(value["name"], "the name of a type")
            return None
        return model_id


class _Checker(Flattener):
    """A flattener that treats models as plain values."""

    def _model_id(self, value: Rep) -> str | None:
        return None


def checked_value(value: Any, depth: int = 0) -> Any:
    """A checked copy of a JSON value in which ids are no references."""
    return _Checker()._value(value, set(), depth)


def checked_scalar(value: Any) -> Any:
    """`value` as None, a bool, or a plain str, int or float that JSON can represent."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return checked_text(value, "a value")
    if isinstance(value, int):
        return int(value)
    if not isinstance(value, float):
        raise BadRequest(f"a value of type {type(value).__name__} is not JSON")
    if not isfinite(value):
        raise BadRequest(f'{value} is not JSON: Bokeh writes {{"type": "number", "value": "nan"}}')
    return float(value)


class Nester:
    """The inverse of `Flattener`: writes each model of `models` in full at its first mention.

    Ids in `known` stay references; written models are added to it.
    """

    def __init__(self, models: Mapping[str, Rep], known: set[str]) -> None:
        self._models = models
        self._known = known

    def nest(self, value: Any, depth: int = 0) -> Any:
        if not isinstance(value, dict | list):
            return value
        if depth >= MAX_DEPTH:
            raise BadRequest(f"models are nested more than {MAX_DEPTH} levels deep")
        if isinstance(value, list):
            items = []
            for item in value:
                items.append(self.nest(item, depth + 1))  # noqa: PERF401
            return items
        target = reference_of(value)
        if target is None:
            members = {}
            for key, item in value.items():
                members[key] = self.nest(item, depth + 1)
            return members
        if target in self._known or target not in self._models:
            return value
        self._known.add(target)
        rep = self._models[target]
        nested: Rep = {"type": "object", "name": rep["name"], "id": target}
        if rep["attributes"]:
            nested["attributes"] = {}
            for attr, item in rep["attributes"].items():
                nested["attributes"][attr] = self.nest(item, depth + 2)
        return nested | {key: item for key, item in rep.items() if key not in _OBJECT_KEYS}


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal, including type and sign: 1 and true differ, and 0.0 and -0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        if a.keys() != b.keys():
            return False
        for key in a:  # noqa: SIM110
            if not same(a[key], b[key]):
                return False
        return True
    if isinstance(a, list):
        if len(a) != len(b):
            return False
        for item, other in zip(a, b, strict=True):  # noqa: SIM110
            if not same(item, other):
                return False
        return True
    if isinstance(a, float):
        return bool(a == b) and copysign(1.0, a) == copysign(1.0, b)
    return bool(a == b)
