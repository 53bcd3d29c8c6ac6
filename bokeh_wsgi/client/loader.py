"""Bokeh models from a document that was pulled: made new, or brought up to date where they exist."""

import gc
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import bokeh.util.serialization
import numpy as np
from bokeh.core.has_props import HasProps
from bokeh.core.property.singletons import Undefined
from bokeh.core.serialization import Deserializer
from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.dataplane import Column, column_from, diff
from bokeh_wsgi.models.state import State

from .restoring import data_model, restored
from .serializer import GraphSerializer, closure, columns_of, text_of


class Loader(Deserializer):
    """Makes the models of a `State`.

    ``local_ids`` says which ids they get here, if not those they have in the document; ``present`` are models
    that exist already, by their id in the document: they keep being the same objects.
    Better than Bokeh's ``Document.from_json``: tuples, times and data models come back as they were.
    """

    def __init__(self, state: State, local_ids: Mapping[str, str], present: Mapping[str, Model]) -> None:
        super().__init__()
        self._state = state
        self._local_ids = local_ids
        self._present = present
        self._built: dict[str, Model] = {}
        serializer = closure(present.values(), {local: wire for wire, local in local_ids.items()})
        self._texts = {key: rep["attributes"] for key, rep in serializer.models.items()}
        self._defs = {rep["name"]: rep for rep in state.graph.defs or () if rep.get("type") == "model"}

    def model(self, wire_id: str) -> Model:
        """The model, with everything it leads to."""
        built = self._built.get(wire_id)
        if built is not None:
            return built
        rep = self._state.graph.models[wire_id]
        present = self._present.get(wire_id)
        model = self._built[wire_id] = self._new(wire_id, rep["name"]) if present is None else present
        if present is None:
            changes = rep["attributes"]
        else:
            changes = self._changes(wire_id, rep["attributes"])
            for name in self._texts[wire_id].keys() - rep["attributes"].keys():
                delattr(model, name)
        for name, value in changes.items():
            self._set(model, name, self.decode(value))
        self._set_columns(wire_id, model)
        return model

    def refresh(self) -> None:
        """Bring all models up to date that existed, also where nothing that changed leads to them."""
        for wire_id in self._present:
            self.model(wire_id)

    def value(self, encoded: Any) -> Any:
        """What a value of the graph is here, with its models."""
        return self.decode(encoded)

    def _decode_ref(self, obj: Any) -> Model:
        return self.model(obj["id"])

    def _new(self, wire_id: str, name: str) -> Model:
        cls = self._resolve_type(name)
        # As Bokeh does: properties are set one by one, without what an __init__ would do for a script.
        model = cls.__new__(cls, id=ID(self._local_ids.get(wire_id, wire_id)))
        if not model._initialized:
            HasProps.__init__(model)
        return model

    def _resolve_type(self, type: str) -> type[Model]:  # noqa: A002 - Bokeh's name for it
        definition = self._defs.get(type)
        if definition is not None and type not in Model.model_class_reverse_map:
            extends = definition.get("extends")
            base = None if extends is None else self._resolve_type(extends.get("id") or extends["name"])
            properties = {
                prop["name"]: self.decode(prop["default"]) if "default" in prop else Undefined
                for prop in definition.get("properties", ())
            }
            return data_model(type, base, properties)
        return super()._resolve_type(type)

    def _changes(self, wire_id: str, attributes: dict[str, Any]) -> dict[str, Any]:
        before = self._texts[wire_id]
        return {
            name: value
            for name, value in attributes.items()
            if name not in before or text_of(before[name]) != text_of(value)
        }

    def _set(self, model: Model, name: str, value: Any) -> None:
        if name in model.properties():
            value = restored(model.lookup(name).property, value)
        model.set_from_json(name, value)

    def _set_columns(self, wire_id: str, model: Model) -> None:
        old = columns_of(model)
        if old is None:
            return
        columns = {
            name: held.values.column() for (key, name), held in self._state.columns.items() if key == wire_id
        }
        new = {
            name: old[name] if name in old and is_equal(old[name], column) else self.values(column)
            for name, column in columns.items()
        }
        if new.keys() != old.keys() or any(new[name] is not old[name] for name in new):
            model.set_from_json("data", new)

    def values(self, column: Column) -> Any:
        """A column's values in memory of their own: scripts may write into them."""
        if column.dtype != "json":
            return column.copy().values()
        valid = column.valid_rows().tolist()
        items = [
            self.decode(json.loads(text)) if is_valid else None
            for text, is_valid in zip(column.texts(), valid, strict=True)
        ]
        if column.list_depth:
            return items
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array


def is_equal(values: Any, column: Column) -> bool:
    """Whether these values would arrive as that column."""
    return not diff(column_from(values, fallback=GraphSerializer({}).encode), column)


def move_counter_past(ids: Iterable[str]) -> None:
    """Have the models that Bokeh names from now on not get any of these ids."""
    numbers = [number_of(key) for key in ids]
    with bokeh.util.serialization._simple_id_lock:
        highest = max([bokeh.util.serialization._simple_id, *numbers])
        bokeh.util.serialization._simple_id = highest


def number_of(model_id: str) -> int:
    """The number in an id that Bokeh counted out; 0 for other ids."""
    found = re.fullmatch(r"p([0-9]{1,15})", model_id)
    return 0 if found is None else int(found[1])


def ids_in_use(candidates: Iterable[str], document: Document) -> set[str]:
    """Those ids that a model of this process has which is in ``document``, or could still be added to it."""
    wanted = {key for key in candidates if number_of(key) <= bokeh.util.serialization._simple_id}
    if not wanted:
        return set()
    found = _ids_of_models(document) & wanted
    if found:
        # Models that are garbage by now do not count.
        gc.collect()
        found = _ids_of_models(document) & wanted
    return found


def _ids_of_models(document: Document) -> set[str]:
    """Of all models that are, or may come to be, in the document: Bokeh keeps no list. Takes about 50 ms."""
    kinds = {Model}
    waiting = [Model]
    while waiting:
        subclasses = set(waiting.pop().__subclasses__()) - kinds
        kinds |= subclasses
        waiting += subclasses
    models = [obj for obj in gc.get_objects() if type(obj) in kinds]
    return {
        model._id
        for model in models
        if hasattr(model, "_id") and getattr(model, "_document", None) in (None, document)
    }
