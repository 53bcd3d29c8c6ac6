"""Takes what others changed into the shadow of a session, and into the models of its document."""

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
    """What changed in the shadow's graph and not yet in the models: since ``graph``, in this order."""

    graph: Graph
    attributes: dict[tuple[str, str], None] = field(default_factory=dict)


class Inbound:
    """Brings a publisher's shadow, and the models of a document, to what the server has.

    Own changes come back in the stream and are passed over; and so is what somebody else wrote before an own
    change wrote over it: the last one wins. Where it cannot be told what is whose, as after a merged change
    that holds own ones too, the document is pulled and compared with the shadow. What the script has changed
    and not stored stays as it is. ``dirty`` knows of that while the document is followed; else all models are
    compared. Everything is called with the session's lock held.
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
        """Bring the document to a state that was pulled, whatever the script has changed in models of it.

        Models that the session has neither stored nor loaded stay; ``sorts``: as the last ones.
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
        """Take changes in; called again after an error, it goes on where it was."""
        with self._unfinished(self._take_all):
            for arrived in batch:
                self._take(arrived)
            self._update()

    def absorb(self, step: Step) -> None:
        """Take in what others did, below what a refused step of a document that is followed does."""
        with self._unfinished(self._take_all):
            if step.undos is None or self._publisher.followed is None:
                self._compare(step.ops)
            else:
                self._columns.take_back(step.undos)
                for change in self._puller.changes(self._publisher.followed):
                    self._take(Arrived(self._publisher.followed, change))
            self._update()

    def reconcile(self, step: Step) -> None:
        """Bring all that is loaded to the server's state, after a step that was refused; own things stay."""
        with self._unfinished(self._take_all):
            self._compare(())
            self._update(kept=_models_of(step, self._publisher.shadow.graph))

    def _take_all(self) -> None:
        with self._unfinished(self._take_all):
            self._compare(())
            self._update()

    @contextmanager
    def _unfinished(self, finish: Callable[[], None]) -> Iterator[None]:
        """What ends in the middle, by Ctrl-C or an error, is finished before the next store.

        Else that would take what the models lack of the shadow for changes of the script.
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
        """The models of the document here that the session knows, and the state has, by wire id."""
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
        """The graph that the document has here, of models that are present."""
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
        """What is changed in here is not the script's doing."""
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
            # It does not fit what is here: others did what cannot be told from the changes alone.
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
        """Pull the document, and take its differences to the shadow as the changes of others.

        ``refused`` are own ops that are in the shadow's columns and not at the server: they go on top. Where
        somebody has started the document anew, who only follows goes on with that; else `PastGeneration`.
        """
        publisher = self._publisher
        state = self._puller.state()
        if state.graph.generation != publisher.ownership.generation:
            if self._dirty is None or publisher.ownership.made:
                raise PastGeneration(state.graph.generation, "")
            self.load(state)
            return
        if not publisher.ownership.is_whole:
            _leave_to_others(state, publisher.shadow.graph)
        self._touch()
        # Not patched: it has the order of the server's roots, too.
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
        """What changed in the graph, to the models."""
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
    """What of a patch own changes have not written over since."""
    events = patch.get("events", [])
    places = [place_of(event) for event in events]
    if ROOTS in places and ROOTS in overtaken:
        raise Conflict("both sides changed the roots: their order is not what was said last")
    kept = {key: value for key, value in patch.items() if (key,) not in overtaken}
    kept["events"] = [event for event, place in zip(events, places, strict=True) if place not in overtaken]
    return kept


def _models_of(step: Step, graph: Graph) -> set[str]:
    """The models that a step would have changed, and that the document does not hold any more."""
    found = {op.model for op in step.ops if op.code not in (OpCode.GRAPH, OpCode.PATCH)}
    for op in step.ops:
        if op.code is OpCode.PATCH:
            events = json.loads(op.json)["events"]
            found |= {event["model"]["id"] for event in events if event["kind"] == "ModelChanged"}
    return found - graph.models.keys()


def _leave_to_others(state: State, mine: Graph) -> None:
    """Have a state hold only what is this session's: where it has joined a document and loaded nothing."""
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
