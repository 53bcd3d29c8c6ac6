"""Brings models to what has become of their graph, at the cost of what changed in it."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import WeakValueDictionary

from bokeh.core.property.descriptors import UnsetValueError
from bokeh.core.property.singletons import Undefined
from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.model import Model
from bokeh.util.serialization import make_id

from bokeh_wsgi.client.columns.source_data import columns_of
from bokeh_wsgi.client.columns.tracked_data import columns_lock, tracked
from bokeh_wsgi.client.publish.dirty_models import DirtyModels
from bokeh_wsgi.client.publish.publisher import Publisher
from bokeh_wsgi.client.publish.serializer import PartSerializer, text_of
from bokeh_wsgi.exc import FrameError
from bokeh_wsgi.models.graph import Graph

from .loader import ids_in_use, move_counter_past, number_of
from .model_decoder import ModelDecoder
from .pending_callbacks import PendingCallbacks

log = logging.getLogger("bokeh_wsgi")


class ModelIndex:
    """Finds the models of a document by their id there, also those that are not in it at the moment."""

    def __init__(self, document: Document, publisher: Publisher) -> None:
        self._document = document
        self._publisher = publisher
        self._models: WeakValueDictionary[str, Model] = WeakValueDictionary()
        self._locals: tuple[int, dict[str, str]] = (0, {})

    def local_id(self, wire_id: str) -> str:
        wire_ids = self._publisher.wire_ids
        if self._locals[0] != len(wire_ids):
            self._locals = len(wire_ids), {wire: local for local, wire in wire_ids.items()}
        return self._locals[1].get(wire_id, wire_id)

    def find(self, wire_id: str) -> Model | None:
        local = self.local_id(wire_id)
        found = None
        if local != wire_id or wire_id not in self._publisher.wire_ids:
            found = self._document.models.get_by_id(ID(local)) or self._beside(local)
        return found or self._models.get(wire_id)

    def _beside(self, local_id: str) -> Model | None:
        """Models that the document has, but not below its roots."""
        return next((model for model in self._document.config.references() if model.id == local_id), None)

    def add(self, wire_id: str, model: Model) -> None:
        self._models[wire_id] = model


class MentionDecoder(ModelDecoder):
    """Decodes values, as of events and columns, that may mention models which are here: else `FrameError`."""

    def __init__(self, publisher: Publisher, index: ModelIndex) -> None:
        super().__init__(publisher.shadow.graph)
        self._index = index

    def model(self, wire_id: str) -> Model:
        found = self._index.find(wire_id)
        if found is None:
            raise FrameError(f"the model {wire_id} is mentioned, and is not here")
        return found


class GraphUpdater(ModelDecoder):
    """One step from a graph to the one that the shadow holds now. Called with the session's lock held."""

    def __init__(
        self,
        publisher: Publisher,
        document: Document,
        dirty: DirtyModels,
        pending: PendingCallbacks,
        index: ModelIndex,
    ) -> None:
        self._publisher = publisher
        self._document = document
        self._dirty = dirty
        self._pending = pending
        self._index = index
        self._graph = publisher.shadow.graph
        self._new: dict[str, Model] = {}
        super().__init__(self._graph)

    def bring(self, old: Graph, touched: Iterable[tuple[str, str]]) -> None:
        """Set what is ``touched``, (model, attribute), make what is new, and set the document's own."""
        fresh = self._graph.models.keys() - old.models.keys()
        if fresh:
            self._move_aside(fresh)
        is_other = bool(fresh) or self._graph.roots != old.roots
        with self._dirty.ignoring(), _frozen(self._document) if is_other else nullcontext():
            for wire_id in fresh:
                model = self._index.find(wire_id)
                if model is not None:
                    self._renew(wire_id, model)
            for wire_id, attribute in touched:
                model = self._index.find(wire_id) if wire_id in old.models else None
                if model is not None and wire_id in self._graph.models:
                    self._set_attribute(old, wire_id, model, attribute)
            self._set_roots(old)
            self._set_document(old)

    def model(self, wire_id: str) -> Model:
        found = self._new.get(wire_id) or self._index.find(wire_id)
        if found is not None:
            return found
        rep = self._graph.models[wire_id]
        model = self._new[wire_id] = self.new(self._index.local_id(wire_id), rep["name"])
        self._index.add(wire_id, model)
        self._fill(wire_id, model)
        return model

    def _fill(self, wire_id: str, model: Model) -> None:
        for name, value in self._graph.models[wire_id]["attributes"].items():
            with _reported(model, name):
                self.set(model, name, self.decode(value))
        self._set_columns(wire_id, model)

    def _set_columns(self, wire_id: str, model: Model) -> None:
        data = columns_of(model)
        live = None if data is None else tracked(data)
        if live is None:
            return
        columns = self._publisher.shadow.columns
        with columns_lock:
            for name in list(live):
                live.drop(name)
            for key, name in list(columns):
                if key == wire_id:
                    live.put(name, self.values(columns[key, name].values.column()))

    def _renew(self, wire_id: str, model: Model) -> None:
        """A model that was taken out, and put in again by somebody who may have changed it meanwhile."""
        attributes = self._graph.models[wire_id]["attributes"]
        for name in model.properties_with_values(include_defaults=False):
            if name not in attributes and name != "data":
                delattr(model, name)
        self._fill(wire_id, model)

    def _move_aside(self, fresh: Iterable[str]) -> None:
        """Have no two models of one id; ids that do not count up are never made twice."""
        foreign = [key for key in fresh if number_of(key) and self._index.find(key) is None]
        for wire_id in ids_in_use(foreign, self._document) if foreign else ():
            self._publisher.rename(wire_id)
            self._publisher.wire_ids[make_id()] = wire_id
        move_counter_past(foreign)

    def _set_attribute(self, old: Graph, wire_id: str, model: Model, attribute: str) -> None:
        if attribute not in model.properties() or self._is_unsent(old, wire_id, model, attribute):
            return
        attributes = self._graph.models[wire_id]["attributes"]
        before = _value_of(model, attribute)
        with _reported(model, attribute), _silenced(model, attribute):
            if attribute in attributes:
                self.set(model, attribute, self.decode(attributes[attribute]))
                self._say_as_here(wire_id, model, attribute)
            else:
                delattr(model, attribute)
        self._pending.add(model, attribute, before, _value_of(model, attribute))

    def _is_unsent(self, old: Graph, wire_id: str, model: Model, attribute: str) -> bool:
        """Whether the script has set it and not stored it: then its value goes last, and wins."""
        if not self._dirty.is_marked(model, attribute):
            return False
        attributes = old.models[wire_id]["attributes"]
        if attribute not in attributes:
            return attribute in model.properties_with_values(include_defaults=False)
        return text_of(self._encoded(model, attribute)) != text_of(attributes[attribute])

    def _encoded(self, model: Model, attribute: str) -> Any:
        serializer = PartSerializer(self._publisher.wire_ids, self._graph.models)
        return serializer.encode(model.lookup(attribute).get_value(model))

    def _say_as_here(self, wire_id: str, model: Model, attribute: str) -> None:
        """Have the shadow say 1.0 where a page said 1 and the property makes that of it: it is no change."""
        rep = self._graph.models[wire_id]
        told, mine = rep["attributes"][attribute], self._encoded(model, attribute)
        if mine == told and text_of(mine) != text_of(told):
            attributes = {**rep["attributes"], attribute: mine}
            self._graph.models[wire_id] = {**rep, "attributes": attributes}

    def _set_roots(self, old: Graph) -> None:
        graph, document = self._graph, self._document
        if graph.roots == old.roots:
            return
        wanted = set(graph.roots)
        gone = set(old.roots) - wanted
        for root in document.roots:
            if self._publisher.wire_id(root) in gone:
                document.remove_root(root)
        for wire_id in graph.roots:
            if wire_id not in old.roots:
                document.add_root(self.model(wire_id))
        self._sort_roots()

    def _sort_roots(self) -> None:
        """The order of the others; own roots that were not sent yet come after them."""
        wire_id, document = self._publisher.wire_id, self._document
        places = {root: place for place, root in enumerate(self._graph.roots)}
        ordered = sorted(document.roots, key=lambda root: places.get(wire_id(root), len(places)))
        if ordered != document.roots:
            for root in ordered:
                document.remove_root(root)
                document.add_root(root)

    def _set_document(self, old: Graph) -> None:
        graph, document = self._graph, self._document
        if graph.title != old.title and graph.title:
            document.title = graph.title
        if graph.config != old.config and graph.config is not None:
            document._config = self.value(graph.config)
        if graph.callbacks != old.callbacks:
            callbacks = document.callbacks.js_event_callbacks
            callbacks.clear()
            callbacks.update({} if graph.callbacks is None else self.value(graph.callbacks))


def _value_of(model: Model, attribute: str) -> Any:
    """``Undefined`` where there is no value yet, as Bokeh tells callbacks."""
    try:
        return getattr(model, attribute)
    except UnsetValueError:
        return Undefined


@contextmanager
def _silenced(model: Model, attribute: str) -> Iterator[None]:
    """Callbacks of the attribute are called later."""
    callbacks = model._callbacks.pop(attribute, None)
    try:
        yield
    finally:
        if callbacks is not None:
            model._callbacks[attribute] = callbacks + model._callbacks.get(attribute, [])


@contextmanager
def _reported(model: Model, attribute: str) -> Iterator[None]:
    """What cannot be set here stays as it is; the others are brought all the same."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  (validation of any model, callbacks of the document)
        log.warning("%s of %s was changed to what cannot be set here: %s", attribute, model, error)


@contextmanager
def _frozen(document: Document) -> Iterator[None]:
    """Bokeh looks through the document's models once, at the end."""
    document.models._push_freeze()
    try:
        yield
    finally:
        document.models._pop_freeze()
