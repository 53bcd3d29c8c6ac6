"""Creates classes for data models of a document that the script does not define."""

from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakSet

from bokeh.core.has_props import HasProps
from bokeh.core.properties import AnyRef
from bokeh.model import DataModel, Model

MAX_NAME_LENGTH: Final = 500

_loaded: "WeakSet[type[HasProps]]" = WeakSet()


def data_model(name: str, base: type[Model] | None, properties: Mapping[str, Any]) -> type[Model]:
    """Create the class of a data model; ``properties`` are the default values by name.

    The definition is untrusted: raises ValueError for an invalid class name, and for property names that
    would override attributes of Bokeh or Python.
    """
    module, _, short = name.rpartition(".")
    if not (short.isidentifier() and name.isprintable() and len(name) <= MAX_NAME_LENGTH):
        raise ValueError(f"{name[:MAX_NAME_LENGTH]!r} is not the name of a class")
    if module.partition(".")[0] == "bokeh":
        raise ValueError(f"{name} is not a class of this version of Bokeh")
    parent = base or DataModel
    members: dict[str, Any] = {"__module__": module or "__main__", "__qualified_model__": name}
    members |= {prop: AnyRef(default=properties[prop]) for prop in properties if _is_new(prop, parent, name)}
    metaclass: Any = type(DataModel)
    cls: type[Model] = metaclass(short, (parent,), members)
    _loaded.add(cls)
    return cls


def _is_new(prop: str, parent: type[Model], name: str) -> bool:
    """Whether the property is new, not inherited from a base class.

    Raises ValueError if it would override a method, or another attribute of Bokeh or Python.
    """
    declared: Any = next(cls for cls in parent.mro() if cls not in _loaded)
    if prop in declared.properties():
        return False
    if not prop.isidentifier() or prop.startswith("_") or hasattr(declared, prop):
        raise ValueError(f"no data model can have a property {prop[:MAX_NAME_LENGTH]!r}, as {name} has")
    return True


def is_loaded_type(cls: type[HasProps]) -> bool:
    """Whether `data_model` created the class, not the script."""
    return cls in _loaded
