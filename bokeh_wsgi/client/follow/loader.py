"""Bokeh models from a document that was pulled: made new, or brought up to date where they exist."""

import gc
import re
from collections.abc import Iterable, Mapping
from typing import Any

import bokeh.util.serialization
from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.client.columns.source_data import columns_of
from bokeh_wsgi.client.publish.serializer import GraphSerializer, closure, text_of
from bokeh_wsgi.dataplane import Column, column_from, diff
from bokeh_wsgi.models.state import State

from .model_decoder import ModelDecoder


class Loader(ModelDecoder):
    """Makes the models of a `State`.

    ``local_ids`` says which ids they get here, if not those they have in the document; ``present`` are models
    that exist already, by their id in the document: they keep being the same objects.
    """

    def __init__(self, state: State, local_ids: Mapping[str, str], present: Mapping[str, Model]) -> None:
        super().__init__(state.graph)
        self._state = state
        self._local_ids = local_ids
        self._present = present
        self._built: dict[str, Model] = {}
        serializer = closure(present.values(), {local: wire for wire, local in local_ids.items()})
        self._texts = {key: rep["attributes"] for key, rep in serializer.models.items()}

    def model(self, wire_id: str) -> Model:
        """The model, with everything it leads to."""
        built = self._built.get(wire_id)
        if built is not None:
            return built
        rep = self._state.graph.models[wire_id]
        present = self._present.get(wire_id)
        model = self._built[wire_id] = present or self.new(self._local_ids.get(wire_id, wire_id), rep["name"])
        if present is None:
            changes = rep["attributes"]
        else:
            changes = self._changes(wire_id, rep["attributes"])
            for name in self._texts[wire_id].keys() - rep["attributes"].keys():
                delattr(model, name)
        for name, value in changes.items():
            self.set(model, name, self.decode(value))
        self._set_columns(wire_id, model)
        return model

    def refresh(self) -> None:
        """Bring all models up to date that existed, also where nothing that changed leads to them."""
        for wire_id in self._present:
            self.model(wire_id)

    def _changes(self, wire_id: str, attributes: dict[str, Any]) -> dict[str, Any]:
        before = self._texts[wire_id]
        return {
            name: value
            for name, value in attributes.items()
            if name not in before or text_of(before[name]) != text_of(value)
        }

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
