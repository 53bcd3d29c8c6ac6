"""Sets attributes of Bokeh models to untrusted values of a document.

Bokeh's properties expect trusted values: one opens files by name, others take minutes to check a long text.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from bokeh.core.properties import CSSLength, FontSize, Image
from bokeh.core.property.bases import Property
from bokeh.core.property.vectorization import Value
from bokeh.model import Model

from .coercion import coerced

MAX_LENGTH_TEXT: Final = 100
"""Largest number of characters of a CSS length: the time of Bokeh's check grows with its cube."""


def set_attribute(model: Model, name: str, value: Any) -> None:
    """Set an attribute to a decoded value, converted to the type that the property accepts."""
    if name not in model.properties():
        # Bokeh only logs an error.
        model.set_from_json(name, value)
        return
    descriptor = model.lookup(name)
    prop: Property[Any] = descriptor.property
    if _has(type(model), name, CSSLength, FontSize):
        _check_lengths(value)
    value = coerced(prop, value)
    if _has(type(model), name, Image):
        # Without Bokeh's transform, which replaces the path of a file by its content.
        prop.validate(value)
        descriptor._set(model, descriptor._get(model), prop.wrap(value))
    else:
        model.set_from_json(name, value)


@lru_cache(maxsize=20_000)
def _has(cls: type[Model], name: str, *kinds: type[Property[Any]]) -> bool:
    """Whether a property of a class is, or contains, one of these kinds."""
    return any(issubclass(kind, kinds) for kind in _kinds(cls.lookup(name).property))


def _kinds(prop: Property[Any]) -> Iterator[type[Property[Any]]]:
    """The classes of a property and of its parts."""
    yield type(prop)
    parts = [*getattr(prop, "type_params", ()), *(accepted for accepted, _ in prop.alternatives)]
    for part in parts:
        yield from _kinds(part)


def _check_lengths(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and len(item) > MAX_LENGTH_TEXT:
            raise ValueError(f"a text of {len(item)} characters is no length")
        if isinstance(item, list | tuple | set):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, Value):
            waiting.append(item.value)
