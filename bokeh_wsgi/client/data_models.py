"""Creates classes for data models that a document uses and this process does not define."""

from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

from bokeh.core.has_props import HasProps
from bokeh.core.properties import AnyRef
from bokeh.model import DataModel, Model

_loaded: "WeakSet[type[HasProps]]" = WeakSet()


def data_model(name: str, base: type[Model] | None, properties: Mapping[str, Any]) -> type[Model]:
    """A new class for a data model of this name; ``properties`` are the default values by name."""
    module, _, short = name.rpartition(".")
    members: dict[str, Any] = {"__module__": module or "__main__", "__qualified_model__": name}
    members |= {prop: AnyRef(default=default) for prop, default in properties.items()}
    metaclass: Any = type(DataModel)
    cls: type[Model] = metaclass(short, (base or DataModel,), members)
    _loaded.add(cls)
    return cls


def is_loaded_type(cls: type[HasProps]) -> bool:
    """Whether `data_model` created the class, so that it is not one of the script's."""
    return cls in _loaded
