"""Converts values from Bokeh's JSON to the types that properties take."""

import datetime as dt
from typing import Any

from bokeh.core.properties import Dict, Either, Seq, Time, TimeDelta, Tuple
from bokeh.core.property.bases import Property, SingleParameterizedProperty
from bokeh.core.property.dataspec import DataSpec


def coerced(prop: Property[Any], value: Any) -> Any:
    """``value`` in the type that ``prop`` takes.

    JSON has no tuples, times and time differences: Bokeh writes lists and milliseconds, which its properties
    refuse, or store as another type than the script gave.
    """
    if isinstance(prop, DataSpec) or value is None:
        return value
    if isinstance(prop, Either):
        return _first_valid(prop.type_params, value)
    if isinstance(prop, Tuple):
        return _tuple(prop.type_params, value)
    if isinstance(prop, Dict) and isinstance(value, dict):
        return {coerced(prop.keys_type, key): coerced(prop.values_type, item) for key, item in value.items()}
    if isinstance(prop, Seq) and isinstance(value, list | set):
        return type(value)(coerced(prop.item_type, item) for item in value)
    if isinstance(prop, Time | TimeDelta) and isinstance(value, int | float) and not isinstance(value, bool):
        return _time(prop, dt.timedelta(milliseconds=value))
    if isinstance(prop, SingleParameterizedProperty):
        return coerced(prop.type_param, value)
    return value


def _tuple(params: list[Property[Any]], value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != len(params):
        return value
    return tuple(coerced(param, item) for param, item in zip(params, value, strict=True))


def _first_valid(alternatives: list[Property[Any]], value: Any) -> Any:
    for alternative in alternatives:
        candidate = coerced(alternative, value)
        if alternative.is_valid(candidate):
            return candidate
    return value


def _time(prop: Property[Any], since_midnight: dt.timedelta) -> dt.time | dt.timedelta:
    if isinstance(prop, TimeDelta):
        return since_midnight
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + since_midnight).time()
