"""Checks values that pages send against the types of model classes (format: `bokeh_wsgi.bokeh_types`)."""

import threading
from collections import ChainMap
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from bokeh_wsgi.exc import BadRequest, LimitExceeded

from .reps import Rep, reference_of
from .value_types import ABSENT, WORDS

MAX_BASES: Final = 64
"""Largest number of base classes of a data model."""
FREE_COMPARISONS: Final = 100_000
"""Comparisons of a value with a type that one batch of edits may take …"""
COMPARISONS_PER_VALUE: Final = 20
"""… plus this number for each value in it: a value is compared with each alternative of a type."""
_ARRAYS: Final = frozenset({"ndarray", "typed_array"})


def prepare() -> None:
    """Load Bokeh's classes in the background, so that the first edit of a page need not wait."""
    _prepared()


@cache
def _prepared() -> None:
    threading.Thread(target=_bokeh_types, args=("Model",), name="bokeh-wsgi-types", daemon=True).start()


class TypeChecker:
    """Checks values for ``models``. Their classes are Bokeh's, or in ``types`` or ``defs`` (data models)."""

    def __init__(self, models: Mapping[str, Rep], types: Rep, defs: Iterable[Rep]) -> None:
        self._models = models
        self._types = types
        self._defs = {
            rep["name"]: rep
            for rep in defs
            if rep.get("type") == "model" and isinstance(rep.get("name"), str)
        }
        self._new: Mapping[str, Rep] = {}
        self._classes: dict[str, Mapping[str, Any]] = {}
        self._bases: dict[str, frozenset[str]] = {}
        # Caches by the identity of the type.
        self._enums: dict[int, frozenset[tuple[type, Any]]] = {}
        self._required: dict[int, frozenset[str]] = {}
        self._properties: dict[str, dict[str, Any]] = {}
        self._comparisons = FREE_COMPARISONS
        self._uncounted: Any = None

    def know(self, new: Mapping[str, Rep]) -> None:
        """Add the new models of the change that is being checked."""
        self._new = new

    def check_model(self, model_id: str) -> None:
        """Raise BadRequest unless all attributes of a model match their types."""
        rep = self._rep(model_id)
        for attr, value in rep["attributes"].items():
            self.check(model_id, attr, value)
        if not rep["attributes"]:
            self._class(rep["name"])

    def check(self, model_id: str, attr: str, value: Any) -> None:
        """Raise BadRequest unless the model has this attribute and accepts the (flat) value."""
        name = self._rep(model_id)["name"]
        kind = self.type_of(name, attr)
        self._uncounted = [value]
        if not self._accepts(kind, value):
            raise BadRequest(
                f"{attr!r} of a {name} ({model_id}) cannot be {_shortened(value)}: {_named(kind)}"
            )

    def type_of(self, name: str, attr: str) -> Any:
        """The type of an attribute of a class; raises BadRequest if there is none."""
        attributes = self._class(name)["attributes"]
        if attr not in attributes:
            raise BadRequest(f"a {name} has no attribute {attr!r}")
        return attributes[attr]

    def has_columns(self, model_id: str) -> bool:
        found = self._class(self._models[model_id]["name"])
        return bool(found["attributes"].get("data") == "columns")

    def _rep(self, model_id: str) -> Rep:
        return self._new.get(model_id) or self._models[model_id]

    def _class(self, name: str) -> Mapping[str, Any]:
        found = self._classes.get(name)
        if found is None:
            found = _bokeh_types(name) or self._types.get(name) or self._defined(name)
            if found is None:
                raise BadRequest(
                    f"the server does not know the model type {name!r}: pages cannot change such models"
                )
            self._classes[name] = found
        return found

    def _bases_of(self, name: str) -> frozenset[str]:
        found = self._bases.get(name)
        if found is None:
            found = self._bases[name] = frozenset(self._class(name)["bases"])
        return found

    def _defined(self, name: str) -> Mapping[str, Any] | None:
        """The types of a data model. Its own properties accept any value."""
        rep = self._defs.get(name)
        if rep is None:
            return None
        attributes: list[dict[str, Any]] = []
        bases: dict[str, None] = {}
        while rep is not None and rep["name"] not in bases:
            if len(bases) >= MAX_BASES:
                raise BadRequest(f"the data model {name!r} has more than {MAX_BASES} classes above it")
            bases[rep["name"]] = None
            attributes.append(self._properties_of(rep))
            rep = self._defs.get(_base_of(rep))
        model = _bokeh_types("Model")
        assert model is not None
        return {"bases": [*bases, "Model"], "attributes": ChainMap(*attributes, model["attributes"])}

    def _properties_of(self, definition: Rep) -> dict[str, Any]:
        """The types of a data model's own properties."""
        name = definition["name"]
        if name not in self._properties:
            self._properties[name] = dict.fromkeys(_property_names(definition), "any")
        return self._properties[name]

    def _count_values(self) -> None:
        """Allow more comparisons for the current attribute, once; then raise `LimitExceeded`."""
        if self._uncounted is None:
            raise LimitExceeded(
                f"Too many alternatives of a type were compared with the values of these edits; there may be "
                f"{COMPARISONS_PER_VALUE} comparisons for each value. Send fewer values at once, or give the "
                "attribute a type with fewer alternatives.",
                limit=COMPARISONS_PER_VALUE,
            )
        self._comparisons += COMPARISONS_PER_VALUE * _count(self._uncounted)
        self._uncounted = None

    def _accepts(self, kind: Any, value: Any) -> bool:
        self._comparisons -= 1
        if self._comparisons < 0:
            self._count_values()
        if isinstance(kind, str):
            return WORDS[kind](value)
        if kind[0] == "enum":
            return self._is_enum(value, kind)
        word, *parts = kind
        return bool(getattr(self, f"_is_{word}")(value, *parts))

    def _is_enum(self, value: Any, kind: list[Any]) -> bool:
        allowed = self._enums.get(id(kind))
        if allowed is None:
            allowed = self._enums[id(kind)] = frozenset((type(item), item) for item in kind[1:])
        return not isinstance(value, list | dict) and (type(value), value) in allowed

    def _is_either(self, value: Any, *kinds: Any) -> bool:
        return any(self._accepts(kind, value) for kind in kinds)

    def _is_list(self, value: Any, item: Any) -> bool:
        if isinstance(value, dict) and value.get("type") == "set":
            value = value.get("entries")
        if isinstance(value, dict):
            return value.get("type") in _ARRAYS and item in ("int", "float", "any")
        return isinstance(value, list) and all(self._accepts(item, part) for part in value)

    def _is_tuple(self, value: Any, *items: Any) -> bool:
        if not isinstance(value, list) or len(value) != len(items):
            return False
        return all(self._accepts(kind, item) for kind, item in zip(items, value, strict=True))

    def _is_dict(self, value: Any, key: Any, item: Any) -> bool:
        if not isinstance(value, dict) or reference_of(value) is not None:
            return False
        is_map = value.get("type") == "map"
        entries = value.get("entries", []) if is_map else value.items()
        if is_map and not isinstance(entries, list):
            return False
        return all(
            isinstance(entry, list | tuple)
            and len(entry) == 2
            and self._accepts(key, entry[0])
            and self._accepts(item, entry[1])
            for entry in entries
        )

    def _is_struct(self, value: Any, fields: Mapping[str, Any]) -> bool:
        if isinstance(value, dict) and value.get("type") == "map":
            entries = value.get("entries")
            if not isinstance(entries, list) or len(entries) > len(fields):
                return False
            try:
                value = dict(entries)
            except (TypeError, ValueError):
                return False
        if not isinstance(value, dict) or not value.keys() <= fields.keys():
            return False
        if not self._required_of(fields) <= value.keys():
            return False
        return all(self._accepts(fields[name], item) for name, item in value.items())

    def _required_of(self, fields: Mapping[str, Any]) -> frozenset[str]:
        """The required fields of a struct."""
        found = self._required.get(id(fields))
        if found is None:
            needed = (name for name, kind in fields.items() if not self._accepts(kind, ABSENT))
            found = self._required[id(fields)] = frozenset(needed)
        return found

    def _is_model(self, value: Any, name: str) -> bool:
        if not isinstance(value, dict):
            return False
        target = reference_of(value)
        if target is None:
            return False
        return name in self._bases_of(self._rep(target)["name"])

    def _is_range(self, value: Any, kind: Any, low: float | None, high: float | None) -> bool:
        if not self._accepts(kind, value):
            return False
        if isinstance(value, dict):
            # BokehJS accepts infinity and NaN in ranges.
            return True
        return (low is None or value >= low) and (high is None or value <= high)


def _count(values: list[Any]) -> int:
    """The number of values, nested ones included."""
    count = 0
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        count += 1
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            count += len(value)
            waiting += value.values()
    return count


def _property_names(definition: Rep) -> list[str]:
    properties = definition.get("properties")
    if not isinstance(properties, list):
        return []
    names = (prop.get("name") for prop in properties if isinstance(prop, dict))
    return [name for name in names if isinstance(name, str)]


def _base_of(definition: Rep) -> str:
    """The name of the base class of a data model; "" if none."""
    extends = definition.get("extends")
    name = (extends.get("id") or extends.get("name")) if isinstance(extends, dict) else None
    return name if isinstance(name, str) else ""


def _bokeh_types(name: str) -> Mapping[str, Any] | None:
    # Imported late: a server without edits needs no Bokeh.
    from bokeh_wsgi.bokeh_types import bokeh_types

    return bokeh_types(name)


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _named(kind: Any) -> str:
    text = f"it takes {kind!r}"
    return text if len(text) <= 200 else f"{text[:197]}…"
