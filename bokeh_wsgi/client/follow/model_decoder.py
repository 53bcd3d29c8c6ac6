"""`ModelDecoder`: Bokeh models and values from a graph's JSON."""

import json
from abc import abstractmethod
from typing import Any, Final

import numpy as np
from bokeh.core.has_props import HasProps
from bokeh.core.types import ID
from bokeh.model import Model

from bokeh_wsgi.client.data_models import data_model
from bokeh_wsgi.dataplane import Column
from bokeh_wsgi.models.graph import Graph

from .attributes import set_attribute
from .value_decoder import Unreadable, ValueDecoder

MAX_BASES: Final = 64
"""Data models that are created for another one, as its bases or its default values."""


class ModelDecoder(ValueDecoder):
    """Decodes values of a graph; subclasses define `model`, which finds or creates the model of an id.

    Unlike Bokeh's ``Document.from_json``, it restores tuples, times and data models.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        defs = [rep for rep in graph.defs or () if rep.get("type") == "model"]
        self._defs = {rep["name"]: rep for rep in defs if isinstance(rep.get("name"), str)}
        self._resolving: list[str] = []

    @abstractmethod
    def model(self, wire_id: str) -> Model:
        """The model of an id, with all that it refers to."""

    def value(self, encoded: Any) -> Any:
        """A decoded value of the graph, with its models."""
        return self.decode(encoded)

    def _decode_ref(self, obj: Any) -> Model:
        return self.model(obj["id"])

    def new(self, local_id: str, name: str) -> Model:
        """A model of the type of that name, without values."""
        cls = self._resolve_type(name)
        # As in Bokeh: without __init__, as the properties are set one by one.
        model = cls.__new__(cls, id=ID(local_id))
        if not model._initialized:
            HasProps.__init__(model)
        return model

    def _resolve_type(self, type: str) -> type[Model]:  # noqa: A002 - Bokeh's name for it
        definition = self._defs.get(type)
        if definition is None or type in Model.model_class_reverse_map:
            return super()._resolve_type(type)
        if type in self._resolving or len(self._resolving) > MAX_BASES:
            raise Unreadable(f"the data model {type!r} needs itself, or more than {MAX_BASES} others")
        self._resolving.append(type)
        try:
            return self._data_model(type, definition)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise Unreadable(str(error)) from error
        finally:
            self._resolving.pop()

    def _data_model(self, name: str, definition: dict[str, Any]) -> type[Model]:
        extends = definition.get("extends")
        base = None if extends is None else self._resolve_type(extends.get("id") or extends["name"])
        # Without a default value, Bokeh raises an error wherever it looks at all models of a document.
        properties = {
            prop["name"]: self.decode(prop["default"]) if "default" in prop else None
            for prop in definition.get("properties", ())
        }
        return data_model(name, base, properties)

    def set(self, model: Model, name: str, value: Any) -> None:
        """Set an attribute to a decoded value."""
        set_attribute(model, name, value)

    def values(self, column: Column) -> Any:
        """A copy of a column's values, which scripts may change."""
        if column.dtype != "json":
            return column.copy().values()
        valid = column.valid_rows().tolist()
        items = [
            self._item(text) if is_valid else None
            for text, is_valid in zip(column.texts(), valid, strict=True)
        ]
        if column.list_depth:
            return items
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array

    def _item(self, text: str) -> Any:
        """An item of a column; if it cannot be read its JSON, as other items can still be drawn."""
        item = json.loads(text)
        try:
            return self.decode(item)
        except Unreadable:
            return item
