"""The reading side of a session: the document as the server has it, in Bokeh models or as JSON."""

import json
from collections.abc import Mapping
from typing import Any

from bokeh.document import Document
from bokeh.model import Model
from bokeh.util.serialization import make_id

from bokeh_wsgi.dataplane import Op, OpCode, column_from
from bokeh_wsgi.models.state import State

from .follow.loader import Loader, ids_in_use, move_counter_past
from .publish.serializer import closure
from .storing import Storing


class Pulling(Storing):
    """What a session does to see what others did."""

    def load_document(self, doc: Document) -> None:
        """Bring ``doc`` to what the server has: models that it knows change, others are added or go.

        Models of ``doc`` that this session has not stored stay. Columns come as arrays, lists and tuples, as
        they were. Callbacks set with ``on_change`` are called for what changed.
        """
        with self._lock:
            self.flush()
            self._bring(doc, self.pull_state())

    def _bring(self, doc: Document, state: State) -> None:
        """Bring ``doc`` to a state, which becomes the shadow."""
        publisher = self._publisher
        present = self._present(doc, state)
        self._take_out(doc, present)
        self._move_aside(doc, state, present)
        loader = Loader(state, {wire: local for local, wire in publisher.wire_ids.items()}, present)
        self._fill(doc, state, loader)
        publisher.join(state)
        self._is_about(doc)

    def _present(self, doc: Document, state: State) -> dict[str, Model]:
        """The models of ``doc`` that are this session's, by their id in the document."""
        found = {self._publisher.wire_id(model): model for model in closure(doc.roots, {}).objects.values()}
        if self._publisher.shadow.graph.config is not None:
            found |= {self._publisher.wire_id(model): model for model in doc.config.references()}
        types = {key: rep["name"] for key, rep in self._publisher.shadow.graph.models.items()}
        return {
            key: model
            for key, model in found.items()
            if key in state.graph.models and types.get(key) == state.graph.models[key]["name"]
        }

    def _take_out(self, doc: Document, present: Mapping[str, Model]) -> None:
        """Roots that the server had from us, and that are gone there, or of another type."""
        mine = self._publisher.shadow.graph.roots
        for root in doc.roots:
            wire_id = self._publisher.wire_id(root)
            if wire_id in mine and wire_id not in present:
                doc.remove_root(root)

    def _move_aside(self, doc: Document, state: State, present: Mapping[str, Model]) -> None:
        """Have no two models of one id: those to be made get new ids here, models of ours new ones there."""
        publisher = self._publisher
        foreign = state.graph.models.keys() - present.keys()
        local = ids_in_use(foreign, doc)
        move_counter_past(state.graph.models)
        for wire_id in local:
            publisher.rename(wire_id)
            publisher.wire_ids[make_id()] = wire_id

    def _fill(self, doc: Document, state: State, loader: Loader) -> None:
        graph = state.graph
        roots = [loader.model(root) for root in graph.roots]
        loader.refresh()
        mine = {key for key in self._publisher.shadow.graph.roots if key not in graph.roots}
        for root in doc.roots:
            if self._publisher.wire_id(root) in mine:
                doc.remove_root(root)
        for root in roots:
            doc.add_root(root)
        if graph.config is not None:
            doc._config = loader.value(graph.config)
        callbacks = doc.callbacks.js_event_callbacks
        callbacks.clear()
        callbacks.update({} if graph.callbacks is None else loader.value(graph.callbacks))
        if graph.title:
            doc.title = graph.title

    def load_object(self, obj: Model, doc: Document) -> None:
        """Bring ``obj`` to what the server has, and with it all of ``doc``; ``obj`` must be in ``doc``."""
        if obj.document is not doc:
            raise ValueError(f"{obj} is not in this document")
        self.load_document(doc)

    def pull(self, typename: str | None = None, objid: str | None = None) -> list[dict[str, Any]]:
        """Models as the server has them, ``{"type", "id", "attributes"}``; sources with their ``data``."""
        if (typename is None) != (objid is None):
            raise ValueError("pull() needs both a typename and an objid, or neither")
        self.flush()
        state = self.pull_state()
        found = []
        for key, rep in state.graph.models.items():
            if objid not in (None, key) or typename not in (None, rep["name"]):
                continue
            columns = {
                name: held.values.column() for (model, name), held in state.columns.items() if model == key
            }
            data = {"data": {name: column.values() for name, column in columns.items()}} if columns else {}
            found.append({"type": rep["name"], "id": key, "attributes": {**rep["attributes"], **data}})
        return found

    def push(self, *jsonobjs: Mapping[str, Any]) -> None:
        """Set attributes of models by hand: objects as `pull` gives them, with the attributes to set."""
        events = []
        ops = []
        for obj in jsonobjs:
            attributes = dict(obj["attributes"])
            for name, values in attributes.pop("data", {}).items():
                column = column_from(values)
                ops.append(Op(OpCode.REPLACE, model=obj["id"], column=name, count=column.rows, values=column))
            events += [
                {"kind": "ModelChanged", "model": {"id": obj["id"]}, "attr": name, "new": value}
                for name, value in attributes.items()
            ]
        if events:
            ops.insert(0, Op(OpCode.PATCH, json=json.dumps({"events": events}, allow_nan=False)))
        if ops:
            self.flush()
            self._upload(ops)
