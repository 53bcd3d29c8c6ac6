"""The property types of Bokeh's model classes, as JSON that can be used without Bokeh.

A type is a string, or a list of one and its parameters::

    "any", "null", "bool", "int", "float", "str", "time", "bytes", "spec", "columns", "absent"
    ["enum", value, …]      ["either", type, …]         ["list", type]          ["tuple", type, …]
    ["dict", key, value]    ["struct", {name: type}]    ["model", class name]   ["range", type, low, high]

`foreign_types` returns those of models; `bokeh_wsgi.models.type_checker` checks values against them.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from bokeh.core import properties as p
from bokeh.core.has_props import is_DataModel
from bokeh.core.property.bases import Property, SingleParameterizedProperty
from bokeh.core.property.dataspec import DataSpec
from bokeh.model import Model

Type = Any
Types = dict[str, dict[str, Any]]
"""By class name: ``{"bases": [names in the MRO], "attributes": {name: type}}``."""

_RANGES: dict[type[Property[Any]], tuple[Type, float | None, float | None]] = {
    p.Byte: ("int", 0, 255),
    p.Percent: ("float", 0, 1),
    p.Alpha: ("float", 0, 1),
    p.Size: ("float", 0, None),
}
_TIMES = (p.Datetime, p.Date, p.Time, p.TimeDelta)
_WORDS: tuple[tuple[type[Property[Any]], Type], ...] = (
    (p.Null, "null"),
    (p.Bool, "bool"),
    (p.Int, "int"),
    (p.Float, "float"),
    (p.String, "str"),
    (p.Bytes, "bytes"),
    (p.ColumnData, "columns"),
    (p.Color, ["either", "str", "int", ["list", "float"], ["dict", "str", "float"]]),
    (p.MinMaxBounds, "any"),
)


def foreign_types(models: Iterable[Model]) -> Types:
    """The types of the models' classes, except Bokeh's own, and data models, which documents define."""
    classes = {type(model) for model in models}
    return {
        cls.__qualified_model__: _class_types(cls)
        for cls in sorted(classes, key=lambda cls: cls.__qualified_model__)
        if not is_DataModel(cls) and bokeh_types(cls.__qualified_model__) is None
    }


def bokeh_types(name: str) -> dict[str, Any] | None:
    """The types of a class of Bokeh itself; None if Bokeh has no such class."""
    # Imported here since it takes half a second. bokeh.plotting registers the class of figures.
    import bokeh.models
    import bokeh.plotting  # noqa: F401

    cls = Model.model_class_reverse_map.get(name)
    if cls is None or not cls.__module__.startswith("bokeh."):
        return None
    return _class_types(cls)


@cache
def _class_types(cls: type[Model]) -> dict[str, Any]:
    bases = [base.__qualified_model__ for base in cls.__mro__ if issubclass(base, Model)]
    attributes = {}
    for name in sorted(cls.properties()):
        prop = cls.lookup(name).property
        # BokehJS does not know properties that are not serialized. It does set read-only ones (FileInput).
        if not isinstance(prop, p.NotSerialized):
            attributes[name] = type_of(prop)
    return {"bases": bases, "attributes": attributes}


def type_of(prop: Property[Any]) -> Type:
    """The type of the values that BokehJS may send for a property; "any" if unknown."""
    if isinstance(prop, DataSpec):
        return "spec"
    if isinstance(prop, p.Nullable):
        return _either([type_of(prop.type_param), "null"])
    ranged = _range(prop)
    if ranged is not None:
        return ranged
    if isinstance(prop, p.Enum):
        return ["enum", *prop.allowed_values]
    if isinstance(prop, _TIMES):
        return "time"
    if isinstance(prop, p.Instance):
        return _model(prop)
    for kind, word in _WORDS:
        if isinstance(prop, kind):
            return word
    return _compound(prop)


def _range(prop: Property[Any]) -> Type | None:
    if isinstance(prop, p.Positive | p.NonNegative):
        return ["range", type_of(prop.type_param), 0, None]
    if isinstance(prop, p.Interval):
        return ["range", type_of(prop.type_params[0]), _number(prop.start), _number(prop.end)]
    known = next((limits for kind, limits in _RANGES.items() if isinstance(prop, kind)), None)
    return None if known is None else ["range", *known]


def _model(prop: p.Instance[Any]) -> Type:
    cls = prop.instance_type
    return ["model", cls.__qualified_model__] if issubclass(cls, Model) else "any"


def _compound(prop: Property[Any]) -> Type:
    if isinstance(prop, p.Either):
        return _either([type_of(param) for param in prop.type_params])
    if isinstance(prop, p.Dict):
        return ["dict", type_of(prop.keys_type), type_of(prop.values_type)]
    if isinstance(prop, p.Tuple):
        return ["tuple", *map(type_of, prop.type_params)]
    if isinstance(prop, p.Struct):
        fields = {
            name: _either([type_of(field), "absent"]) if name in prop._optional else type_of(field)
            for name, field in prop._fields.items()
        }
        return ["struct", fields]
    if isinstance(prop, p.Seq | p.Set):
        return ["list", type_of(prop.item_type)]
    if isinstance(prop, SingleParameterizedProperty):
        return type_of(prop.type_param)
    return "any"


def _either(types: list[Type]) -> Type:
    flat: list[Type] = []
    for kind in types:
        flat += kind[1:] if isinstance(kind, list) and kind[0] == "either" else [kind]
    if "any" in flat:
        return "any"
    unique: list[Type] = []
    unique += (kind for kind in flat if kind not in unique)
    return unique[0] if len(unique) == 1 else ["either", *unique]


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) else None
