"""`Inbound`: applies the changes of others to the shadow of a session and the models of its document."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.client.account.pulling import Puller
from bokeh_wsgi.client.publish.dirty_models import DirtyModels
from bokeh_wsgi.client.publish.own_changes import ROOTS, Place, place_of, places_of
from bokeh_wsgi.client.publish.publisher import Publisher
from bokeh_wsgi.client.publish.serializer import closure, plain
from bokeh_wsgi.client.publish.steps import Step
from bokeh_wsgi.dataplane import Op, OpCode, diff
from bokeh_wsgi.exc import BokehWSGIError, Conflict, PastGeneration
from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.state import State

from .column_merger import ColumnMerger
from .model_index import ModelIndex
from .model_updater import MayBeOwn, ModelUpdater, retyped
from .pending_callbacks import PendingCallbacks
from .stream_reader import Arrived


@dataclass(slots=True)
class _Touched:
    """What changed in the shadow since ``graph``, and not yet in the models; attributes in their order."""

    graph: Graph
    attributes: dict[tuple[str, str], None] = field(default_factory=dict)


class Inbound:
    """Updates a publisher's shadow, and the models of a document, to what the server has.

    Own changes come back in the stream, and are skipped; so is what an own change has overwritten since, as
    the last change wins. If own changes cannot be separated from others', as when the server has merged them,
    the document is pulled and compared with the shadow. What the script has changed and not stored is kept:
    ``dirty`` knows it while the document is followed; otherwise all models are compared.
    All methods are called with the session's lock held.
    """

    def __init__(
        self,
        publisher: Publisher,
        document: Document,
        puller: Puller,
        *,
        dirty: DirtyModels | None = None,
        pending: PendingCallbacks | None = None,
    ) -> None:
        self.index = ModelIndex(document, publisher.ownership.ids)
        self._publisher = publisher
        self._document = document
        self._puller = puller
        self._dirty = dirty
        self._pending = PendingCallbacks() if pending is None else pending
        self._columns = ColumnMerger(publisher, self.index, self._pending)
        self._touched: _Touched | None = None

    def load(self, state: State, *, sorts: bool = False) -> None:
        """Update the document to a pulled state; values that the script has changed are overwritten.

        Models that the session has neither stored nor loaded stay; with ``sorts``, at the end of the roots.
        """
        with self._unfinished(lambda: self.load(self._puller.state(), sorts=sorts)):
            self._load(state, sorts=sorts)

    def _load(self, state: State, *, sorts: bool) -> None:
        publisher, ownership = self._publisher, self._publisher.ownership
        ownership.ids.see(state.graph.models)
        present = self._present(state)
        retired = {
            wire for wire in state.graph.models.keys() - present.keys() if self.index.find(wire) is not None
        }
        old = self._graph_here(present)
        publisher.load(state)
        self._touched = None
        with self._unmarked():
            updater = self._updater(lambda *_: False)
            updater.update(old, retired=retired, sorts=sorts)
            for wire, model in present.items():
                updater.update_columns(wire, model)

    def take(self, batch: Iterable[Arrived]) -> None:
        """Apply changes of the stream. After an error, call it again with the same batch to continue."""
        with self._unfinished(self._take_all):
            for arrived in batch:
                self._take(arrived)
            self._update()

    def absorb(self, step: Step) -> None:
        """Apply what others did, and what a refused step does to columns after that."""
        with self._unfinished(self._take_all):
            if step.undos is None or self._publisher.followed is None:
                self._compare(step.ops)
            else:
                self._columns.revert(step.undos)
                for change in self._puller.changes(self._publisher.followed):
                    self._take(Arrived(self._publisher.followed, change))
            self._update()

    def reconcile(self, step: Step) -> None:
        """Update all that is loaded to the server's state after a refused step; what is own stays."""
        with self._unfinished(self._take_all):
            self._compare(())
            self._update(kept=_models_of(step, self._publisher.shadow.graph))

    def _take_all(self) -> None:
        with self._unfinished(self._take_all):
            self._compare(())
            self._update()

    @contextmanager
    def _unfinished(self, finish: Callable[[], None]) -> Iterator[None]:
        """If the ``with`` block is interrupted, by an error or Ctrl-C, call ``finish`` before the next store.

        Otherwise that would send differences between models and shadow as changes of the script.
        """
        publisher = self._publisher
        publisher.unfinished = finish
        try:
            yield
        except PastGeneration:
            publisher.unfinished = None
            raise
        publisher.unfinished = None

    def _present(self, state: State) -> dict[str, Model]:
        """The models of the document that are in both the shadow and a state, by wire id."""
        ids, shadow = self._publisher.ownership.ids, self._publisher.shadow.graph
        found = dict(closure(self._document.roots, ids).objects)
        if shadow.config is not None:
            found |= {ids.wire_of(model): model for model in self._document.config.references()}
        types = {wire: rep["name"] for wire, rep in shadow.models.items()}
        return {
            wire: model
            for wire, model in found.items()
            if wire in state.graph.models and types.get(wire) == state.graph.models[wire]["name"]
        }

    def _graph_here(self, present: dict[str, Model]) -> Graph:
        """The graph of the present models as they are in the script."""
        ids, document = self._publisher.ownership.ids, self._document
        serializer = closure(present.values(), ids)
        graph = Graph(title=document.title)
        graph.models = {wire: serializer.models[wire] for wire in present}
        known = set(self._publisher.shadow.graph.roots)
        graph.roots = [wire for root in document.roots if (wire := ids.wire_of(root)) in known]
        callbacks = document.callbacks.js_event_callbacks
        graph.callbacks = plain(serializer.encode(callbacks)) if callbacks else None
        return graph

    def _updater(self, may_be_own: MayBeOwn, kept: Iterable[str] = ()) -> ModelUpdater:
        ownership = self._publisher.ownership
        return ModelUpdater(ownership, self._document, self.index, self._pending, may_be_own, frozenset(kept))

    def _unmarked(self) -> AbstractContextManager[None]:
        """Changes within the ``with`` block are not recorded as the script's."""
        return nullcontext() if self._dirty is None else self._dirty.ignoring()

    def _take(self, arrived: Arrived) -> None:
        after, change = arrived
        publisher = self._publisher
        assert publisher.followed is not None
        whole = next((op for op in change.ops if op.code is OpCode.GRAPH), None)
        if change.seq <= publisher.followed and not (whole and change.seq < after):
            return
        ops = [op for op in change.ops if op.code is not OpCode.EVENT]
        if after == publisher.followed and publisher.own.has(change.seq) and change.seq == after + 1:
            ops = []
        elif whole or after != publisher.followed or publisher.own.any_between(after, change.seq):
            self._compare(())
            return
        try:
            self._apply(ops, change.seq)
        except (BokehWSGIError, KeyError, ValueError, IndexError, AttributeError, TypeError):
            # The change does not fit the shadow: pull the document instead.
            self._compare(())
            return
        publisher.own.forget(change.seq)
        publisher.followed = change.seq

    def _apply(self, ops: Sequence[Op], seq: int) -> None:
        overtaken = self._publisher.own.written_after(seq)
        shadow = self._publisher.shadow
        patches = [json.loads(op.json) for op in ops if op.code is OpCode.PATCH]
        if patches:
            self._apply_patches(patches, overtaken)
        columns: dict[str, dict[str, list[Op]]] = {}
        for op in ops:
            if op.code is not OpCode.PATCH and not overtaken.intersection(places_of(op)):
                columns.setdefault(op.model, {}).setdefault(op.column, []).append(op)
        for model, changed in columns.items():
            if model in shadow.graph.models:
                self._columns.apply(model, changed, seq)

    def _apply_patches(self, patches: Sequence[dict[str, Any]], overtaken: frozenset[Place]) -> None:
        kept = [_not_overtaken(patch, overtaken) for patch in patches]
        graph = self._publisher.shadow.graph.patched(*kept)
        self._touch(event for patch in kept for event in patch["events"] if event["kind"] == "ModelChanged")
        self._publisher.ownership.see(graph)

    def _touch(self, events: Iterable[dict[str, Any]] = ()) -> None:
        touched = self._touched
        if touched is None:
            touched = self._touched = _Touched(self._publisher.shadow.graph)
        touched.attributes |= {(event["model"]["id"], event["attr"]): None for event in events}

    def _compare(self, refused: Sequence[Op]) -> None:
        """Pull the document, and apply its differences from the shadow as changes of others.

        ``refused``: own ops that the shadow's columns contain and the server's do not; they are applied after
        that. If there is a new generation, a session without models of its own loads it; else raises
        `PastGeneration`.
        """
        publisher = self._publisher
        state = self._puller.state()
        if state.graph.generation != publisher.ownership.generation:
            if self._dirty is None or publisher.ownership.created:
                raise PastGeneration(state.graph.generation, "")
            self.load(state)
            return
        if not publisher.ownership.is_whole:
            _restrict(state, publisher.shadow.graph)
        self._touch()
        # The pulled graph itself, which also has the server's order of roots.
        publisher.ownership.see(state.graph)
        own: dict[str, dict[str, list[Op]]] = {}
        for op in refused:
            if op.code not in (OpCode.GRAPH, OpCode.PATCH) and op.model in state.graph.models:
                own.setdefault(op.model, {}).setdefault(op.column, []).append(op)
        for model, lost in own.items():
            self._columns.rebase(model, lost, state)
        self._compare_columns(state, own)
        publisher.own.forget(state.seq)
        publisher.followed = state.seq

    def _compare_columns(self, state: State, done: dict[str, dict[str, list[Op]]]) -> None:
        shadow = self._publisher.shadow
        changed: dict[str, dict[str, list[Op]]] = {}
        for (model, name), held in state.columns.items():
            if name in done.get(model, ()):
                continue
            mine = shadow.columns.get((model, name))
            ops = diff(None if mine is None else mine.values.column(), held.values.column())
            if mine is not None:
                mine.version = held.version
            if ops or mine is None:
                ops = ops or [held.values.whole()]
                changed.setdefault(model, {})[name] = [op.of(model, name, 0) for op in ops]
        for model, name in shadow.columns.keys() - state.columns.keys():
            changed.setdefault(model, {})[name] = [Op(OpCode.REMOVE).of(model, name, 0)]
        for model, ops_of in changed.items():
            self._columns.apply(model, ops_of, state.seq)
            for name in ops_of:
                if (model, name) in state.columns:
                    shadow.columns[model, name].version = state.columns[model, name].version

    def _update(self, kept: Iterable[str] = ()) -> None:
        """Update the models to what changed in the graph."""
        touched = self._touched
        if touched is None:
            return
        dirty = self._dirty
        may_be_own = (lambda *_: True) if dirty is None else dirty.is_dirty
        retired = retyped(touched.graph, self._publisher.shadow.graph)
        with self._unmarked():
            self._updater(may_be_own, kept).update(touched.graph, touched.attributes, retired)
        self._touched = None


def _not_overtaken(patch: dict[str, Any], overtaken: frozenset[Place]) -> dict[str, Any]:
    """A patch without what own changes have overwritten since."""
    events = patch.get("events", [])
    places = [place_of(event) for event in events]
    if ROOTS in places and ROOTS in overtaken:
        raise Conflict("both sides changed the roots: their order is not what was said last")
    kept = {key: value for key, value in patch.items() if (key,) not in overtaken}
    kept["events"] = [event for event, place in zip(events, places, strict=True) if place not in overtaken]
    return kept


def _models_of(step: Step, graph: Graph) -> set[str]:
    """The models that a step would have changed, and that are not in the document any more."""
    found = {op.model for op in step.ops if op.code not in (OpCode.GRAPH, OpCode.PATCH)}
    for op in step.ops:
        if op.code is OpCode.PATCH:
            events = json.loads(op.json)["events"]
            found |= {event["model"]["id"] for event in events if event["kind"] == "ModelChanged"}
    return found - graph.models.keys()


def _restrict(state: State, mine: Graph) -> None:
    """Reduce a state to this session's models, as it has joined a document without loading it."""
    roots = [root for root in mine.roots if root in state.graph.roots]
    kept = state.graph.reachable(roots)
    content = {
        **state.graph.to_json(),
        "roots": roots,
        "models": {wire: rep for wire, rep in state.graph.models.items() if wire in kept},
        "title": mine.title,
        "config": None,
        "callbacks": None,
    }
    state.columns = {key: held for key, held in state.columns.items() if key[0] in kept}
    state.graph = Graph.from_json(content)
