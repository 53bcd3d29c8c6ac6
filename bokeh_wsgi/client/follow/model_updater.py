"""`ModelUpdater`: updates models from one graph to the next, at a cost that depends on what changed."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from bokeh.core.property.descriptors import UnsetValueError
from bokeh.core.property.singletons import Undefined
from bokeh.core.serialization import DeserializationError
from bokeh.document import Document
from bokeh.document.config import DocumentConfig
from bokeh.document.document import DEFAULT_TITLE
from bokeh.model import Model

from bokeh_wsgi.client.columns.source_data import columns_of
from bokeh_wsgi.client.columns.tracked_data import columns_lock, tracked
from bokeh_wsgi.client.printable import printable
from bokeh_wsgi.client.publish.ownership import Ownership
from bokeh_wsgi.client.publish.serializer import GraphSerializer, PartSerializer, closure, text_of
from bokeh_wsgi.dataplane import Column, column_from, diff
from bokeh_wsgi.models.graph import Graph

from .model_decoder import ModelDecoder
from .model_index import ModelIndex
from .pending_callbacks import PendingCallbacks
from .value_decoder import Unreadable

log = logging.getLogger("bokeh_wsgi")

MayBeOwn = Callable[[Model, str], bool]
"""Whether the script may have set an attribute since the last store."""


def changed_attributes(old: Graph, new: Graph) -> Iterator[tuple[str, str]]:
    """(wire id, attribute) of all values that differ, in models that are in both graphs."""
    for wire, rep in new.models.items():
        before = old.models.get(wire)
        if before is None or before is rep:
            continue
        mine, theirs = before["attributes"], rep["attributes"]
        for name, value in theirs.items():
            if name not in mine or (mine[name] is not value and text_of(mine[name]) != text_of(value)):
                yield wire, name
        yield from ((wire, name) for name in mine if name not in theirs)


def retyped(old: Graph, new: Graph) -> set[str]:
    """Ids of models that have another type in the new graph, and so are other models."""
    changed = ((wire, old.models.get(wire, rep), rep) for wire, rep in new.models.items())
    return {wire for wire, before, rep in changed if before is not rep and before["name"] != rep["name"]}


class ModelUpdater(ModelDecoder):
    """Updates models from an old graph to the shadow's present one. What is own keeps the script's value.

    Called with the session's lock held.
    """

    def __init__(
        self,
        ownership: Ownership,
        document: Document,
        index: ModelIndex,
        pending: PendingCallbacks,
        may_be_own: MayBeOwn,
        kept: Collection[str] = (),
    ) -> None:
        """``kept``: models that the script has changed. Roots that others removed stay if they have one."""
        self._ownership = ownership
        self._document = document
        self._index = index
        self._pending = pending
        self._may_be_own = may_be_own
        self._kept = kept
        self._graph = ownership.shadow.graph
        self._new: dict[str, Model] = {}
        super().__init__(self._graph)

    def update(
        self,
        old: Graph,
        first: Iterable[tuple[str, str]] = (),
        retired: Collection[str] = (),
        *,
        sorts: bool = True,
    ) -> None:
        """Set the values that differ from ``old``, create new models, and update the document itself.

        ``first``: attributes in the order in which others set them. ``retired``: ids of other models now.
        ``sorts``: roots get the server's order, with own ones that are not stored yet at the end.
        """
        changed = dict.fromkeys(changed_attributes(old, self._graph))
        ordered = {place: None for place in first if place in changed} | changed
        fresh = (self._graph.models.keys() - old.models.keys()) | set(retired)
        outdated = [model for wire in retired if (model := self._index.find(wire)) is not None]
        for wire in retired:
            self._index.forget(wire)
        referring = set(_referring(self._graph, retired)) if retired else set()
        ordered |= dict.fromkeys(referring)
        self._ownership.ids.adopt([w for w in fresh if self._index.find(w) is None], self._document)
        is_other = bool(fresh) or self._graph.roots != old.roots
        with _frozen(self._document) if is_other else nullcontext():
            for wire in fresh:
                model = self._index.find(wire)
                if model is not None:
                    self._renew(wire, model)
            for wire, attribute in ordered:
                model = self._index.find(wire) if wire not in fresh else None
                if model is None:
                    continue
                if (wire, attribute) in referring or not self._is_own(old, wire, model, attribute):
                    self._set_attribute(wire, model, attribute)
            self._set_roots(old, retired, outdated)
            if sorts and self._graph.roots != old.roots:
                self._sort_roots()
            self._set_document(old)

    def update_columns(self, wire: str, model: Model) -> None:
        """Set those columns of a model that differ from the shadow's."""
        mine = columns_of(model)
        if mine is None:
            return
        columns = self._columns(wire)
        new = {
            name: mine[name] if name in mine and self._is_equal(mine[name], column) else self.values(column)
            for name, column in columns.items()
        }
        if new.keys() == mine.keys() and all(new[name] is mine[name] for name in new):
            return
        before = dict(mine)
        with _silenced(model, "data"):
            model.set_from_json("data", new)
        self._pending.add(model, "data", before, columns_of(model))

    def _is_equal(self, values: Any, column: Column) -> bool:
        """Whether these values would be sent as that column."""
        return not diff(column_from(values, fallback=GraphSerializer(self._ownership.ids).encode), column)

    def model(self, wire_id: str) -> Model:
        found = self._new.get(wire_id) or self._index.find(wire_id)
        if found is not None:
            return found
        rep = self._graph.models[wire_id]
        local = self._ownership.ids.local_of(wire_id)
        assert local is not None, f"{wire_id} was not adopted"
        model = self._new[wire_id] = self.new(local, rep["name"])
        self._index.add(wire_id, model)
        self._fill(wire_id, model)
        return model

    def _fill(self, wire: str, model: Model) -> None:
        for name, value in self._graph.models[wire]["attributes"].items():
            with self._reported(wire, model, name):
                self.set(model, name, self.decode(value))
        data = columns_of(model)
        ours = None if data is None else tracked(data)
        if ours is None:
            return
        with columns_lock:
            for name in list(ours):
                ours.drop(name)
            for name, column in self._columns(wire).items():
                ours.put(name, self.values(column))

    def _columns(self, wire: str) -> dict[str, Any]:
        columns = self._ownership.shadow.columns
        return {name: held.values.column() for (key, name), held in columns.items() if key == wire}

    def _renew(self, wire: str, model: Model) -> None:
        """Set all values of an existing model that others have added again, perhaps after changing it."""
        attributes = self._graph.models[wire]["attributes"]
        for name in model.properties_with_values(include_defaults=False):
            if name not in attributes and name != "data":
                delattr(model, name)
        self._fill(wire, model)

    def _set_attribute(self, wire: str, model: Model, attribute: str) -> None:
        if attribute not in model.properties():
            return
        attributes = self._graph.models[wire]["attributes"]
        before = _value_of(model, attribute)
        with self._reported(wire, model, attribute), _silenced(model, attribute):
            if attribute in attributes:
                self.set(model, attribute, self.decode(attributes[attribute]))
                self._normalize(wire, model, attribute)
            else:
                delattr(model, attribute)
        self._pending.add(model, attribute, before, _value_of(model, attribute))

    def _is_own(self, old: Graph, wire: str, model: Model, attribute: str) -> bool:
        """Whether the script has set an attribute and not stored it, so that its value is kept."""
        if attribute not in model.properties() or not self._may_be_own(model, attribute):
            return False
        if (wire, attribute) in self._ownership.left_out:
            return self._text_here(model, attribute) != self._ownership.left_out[wire, attribute]
        attributes = old.models[wire]["attributes"]
        if attribute not in attributes:
            return attribute in model.properties_with_values(include_defaults=False)
        return text_of(self._encoded(model, attribute)) != text_of(attributes[attribute])

    def _encoded(self, model: Model, attribute: str) -> Any:
        serializer = PartSerializer(self._ownership.ids, self._graph.models)
        return serializer.encode(model.lookup(attribute).get_value(model))

    def _text_here(self, model: Model, attribute: str) -> str | None:
        """The text of a value; None if it is the default, which is not encoded."""
        is_default = attribute not in model.properties_with_values(include_defaults=False)
        return None if is_default else text_of(self._encoded(model, attribute))

    @contextmanager
    def _reported(self, wire: str, model: Model, attribute: str) -> Iterator[None]:
        """Log an error of setting an attribute, which then keeps its value.

        The next store sends that value; unless the server's refers to models that cannot be created here.
        """
        self._ownership.left_out.pop((wire, attribute), None)
        try:
            yield
        except Exception as error:  # noqa: BLE001  (validation of any model, callbacks of the document)
            if isinstance(error, DeserializationError) and attribute in model.properties():
                self._ownership.left_out[wire, attribute] = self._text_here(model, attribute)
            log.warning(
                "%s of %s was changed to what cannot be set here: %s",
                *(printable(attribute), printable(model), printable(error)),
            )

    def _normalize(self, wire: str, model: Model, attribute: str) -> None:
        """Store the value in the shadow as it is encoded here, as 1.0 for a page's 1: no change to send."""
        rep = self._graph.models[wire]
        theirs, mine = rep["attributes"][attribute], self._encoded(model, attribute)
        if mine == theirs and text_of(mine) != text_of(theirs):
            attributes = {**rep["attributes"], attribute: mine}
            self._graph.models[wire] = {**rep, "attributes": attributes}

    def _set_roots(self, old: Graph, retired: Collection[str], outdated: Collection[Model]) -> None:
        graph, document = self._graph, self._document
        if graph.roots == old.roots and not outdated:
            return
        gone = set(old.roots) - set(graph.roots)
        for root in document.roots:
            is_gone = self._ownership.wire_of(root) in gone and not self._holds_kept(root)
            if is_gone or any(root is model for model in outdated):
                document.remove_root(root)
        known = {self._ownership.wire_of(root) for root in document.roots} | set(old.roots).difference(
            retired
        )
        for wire in graph.roots:
            if wire not in known:
                try:
                    root = self.model(wire)
                except DeserializationError as error:
                    self._ownership.unknown_roots.add(wire)
                    log.warning("the root %s cannot be created here: %s", printable(wire), printable(error))
                else:
                    document.add_root(root)

    def _holds_kept(self, root: Model) -> bool:
        return bool(self._kept) and not closure([root], self._ownership.ids).models.keys().isdisjoint(
            self._kept
        )

    def _sort_roots(self) -> None:
        wire_of, document = self._ownership.wire_of, self._document
        places = {root: place for place, root in enumerate(self._graph.roots)}
        ordered = sorted(document.roots, key=lambda root: places.get(wire_of(root), len(places)))
        if ordered != document.roots:
            for root in ordered:
                document.remove_root(root)
                document.add_root(root)

    def _set_document(self, old: Graph) -> None:
        graph, document = self._graph, self._document
        if graph.title != old.title and graph.title and document.title in (old.title, DEFAULT_TITLE):
            document.title = graph.title
        if graph.config != old.config and graph.config is not None:
            config = self._read("config", graph.config)
            if isinstance(config, DocumentConfig):
                document._config = config
        if graph.callbacks != old.callbacks:
            callbacks = document.callbacks.js_event_callbacks
            callbacks.clear()
            read = self._read("callbacks", graph.callbacks)
            if isinstance(read, dict) and all(isinstance(of_event, list) for of_event in read.values()):
                callbacks.update(read)

    def _read(self, what: str, encoded: Any) -> Any:
        """A value of the document itself; None if it cannot be created here."""
        try:
            return self.value(encoded)
        except Unreadable as error:
            log.warning("the %s of the document cannot be created here: %s", what, printable(error))
            return None


def _referring(graph: Graph, wires: Collection[str]) -> Iterator[tuple[str, str]]:
    """(wire id, attribute) of all values that refer to these models."""
    for wire, rep in graph.models.items():
        for name, value in rep["attributes"].items():
            if _refers(value, wires):
                yield wire, name


def _refers(value: Any, wires: Collection[str]) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            if "type" not in item and item.get("id") in wires:
                return True
            waiting += item.values()
    return False


def _value_of(model: Model, attribute: str) -> Any:
    """The value of an attribute; as in Bokeh's callbacks, ``Undefined`` if it is not set."""
    try:
        return getattr(model, attribute)
    except UnsetValueError:
        return Undefined


@contextmanager
def _silenced(model: Model, attribute: str) -> Iterator[None]:
    """Do not call the callbacks of an attribute within the ``with`` block."""
    callbacks = model._callbacks.pop(attribute, None)
    try:
        yield
    finally:
        if callbacks is not None:
            model._callbacks[attribute] = callbacks + model._callbacks.get(attribute, [])


@contextmanager
def _frozen(document: Document) -> Iterator[None]:
    """Have Bokeh collect the document's models only once, at the end of the ``with`` block."""
    document.models._push_freeze()
    try:
        yield
    finally:
        document.models._pop_freeze()
