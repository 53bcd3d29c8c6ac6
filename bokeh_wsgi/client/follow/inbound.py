"""Takes what others changed into the shadow of a session that follows its document, and into its models."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bokeh.document import Document

from bokeh_wsgi.client.publish.dirty_models import DirtyModels
from bokeh_wsgi.client.publish.own_changes import ROOTS, Place, place_of, places_of
from bokeh_wsgi.client.publish.publisher import Publisher
from bokeh_wsgi.client.publish.steps import Step
from bokeh_wsgi.dataplane import Change, Op, OpCode, diff
from bokeh_wsgi.exc import BokehWSGIError, Conflict
from bokeh_wsgi.models import graph as graphs
from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.state import State

from .column_merger import ColumnMerger
from .follower import Arrived, has_graph
from .graph_updater import GraphUpdater, ModelIndex
from .pending_callbacks import PendingCallbacks


@dataclass(slots=True)
class _Touched:
    """What changed in the shadow's graph and not yet in the models: since ``graph``."""

    graph: Graph
    attributes: dict[tuple[str, str], None] = field(default_factory=dict)


class Inbound:
    """Brings a publisher's shadow, and the models of a document, to where the stream is.

    Own changes come back in the stream and are passed over; and so is what somebody else wrote before an own
    change wrote over it: the last one wins. Where it cannot be told what is whose, as after a merged change
    that holds own ones too, the document is pulled and compared with the shadow.
    Everything is called with the session's lock held.
    """

    def __init__(
        self,
        publisher: Publisher,
        document: Document,
        dirty: DirtyModels,
        pending: PendingCallbacks,
        *,
        pull: Callable[[], State],
        pull_changes: Callable[[int], Sequence[Change]],
        reload: Callable[[State], None],
    ) -> None:
        self._publisher = publisher
        self._document = document
        self._dirty = dirty
        self._pending = pending
        self._pull = pull
        self._pull_changes = pull_changes
        self._reload = reload
        self._index = ModelIndex(document, publisher)
        self._columns = ColumnMerger(publisher, self._index, pending)
        self._touched: _Touched | None = None

    def take(self, batch: Iterable[Arrived]) -> None:
        """Take changes in; called again after an error, it goes on where it was."""
        for arrived in batch:
            self._take(arrived)
        self._bring()

    def absorb(self, step: Step) -> None:
        """What a `Publisher` does after a conflict: see `Absorb`."""
        if step.undos is None or self._publisher.followed is None:
            self._resync(step.ops)
        else:
            self._columns.take_back(step.undos)
            for change in self._pull_changes(self._publisher.followed):
                self._take(Arrived(self._publisher.followed, change))
        self._bring()

    def _take(self, arrived: Arrived) -> None:
        after, change = arrived
        publisher = self._publisher
        assert publisher.followed is not None
        starts_anew = has_graph(change)
        if change.seq <= publisher.followed and not (starts_anew and change.seq < after):
            return
        ops = [op for op in change.ops if op.code is not OpCode.EVENT]
        if after == publisher.followed and publisher.own.has(change.seq) and change.seq == after + 1:
            ops = []
        elif starts_anew or after != publisher.followed or publisher.own.any_between(after, change.seq):
            self._resync()
            return
        try:
            self._apply(ops, change.seq)
        except (BokehWSGIError, KeyError, ValueError, IndexError, AttributeError, TypeError):
            # It does not fit what is here: others did what cannot be told from the changes alone.
            self._resync()
            return
        publisher.own.forget(change.seq)
        publisher.followed = change.seq

    def _apply(self, ops: Sequence[Op], seq: int) -> None:
        overtaken = self._publisher.own.written_after(seq)
        shadow = self._publisher.shadow
        for op in ops:
            if op.code is OpCode.PATCH:
                self._apply_patch(json.loads(op.json), overtaken)
        columns: dict[str, dict[str, list[Op]]] = {}
        for op in ops:
            if op.code is not OpCode.PATCH and not overtaken.intersection(places_of(op)):
                columns.setdefault(op.model, {}).setdefault(op.column, []).append(op)
        for model, changed in columns.items():
            if model in shadow.graph.models:
                self._columns.apply(model, changed, seq)

    def _apply_patch(self, patch: dict[str, Any], overtaken: frozenset[Place]) -> None:
        shadow = self._publisher.shadow
        events = patch.get("events", [])
        places = [place_of(event) for event in events]
        if ROOTS in places and ROOTS in overtaken:
            raise Conflict("both sides changed the roots: their order is not what was said last")
        kept = {key: value for key, value in patch.items() if (key,) not in overtaken}
        kept["events"] = [
            event for event, place in zip(events, places, strict=True) if place not in overtaken
        ]
        graph = shadow.graph.patched(kept)
        self._touch(event for event in kept["events"] if event["kind"] == "ModelChanged")
        self._set_graph(graph)

    def _touch(self, events: Iterable[dict[str, Any]]) -> None:
        touched = self._touched
        if touched is None:
            touched = self._touched = _Touched(self._publisher.shadow.graph)
        touched.attributes |= {(event["model"]["id"], event["attr"]): None for event in events}

    def _set_graph(self, graph: Graph) -> None:
        shadow = self._publisher.shadow
        shadow.graph = graph
        for key in [key for key in shadow.columns if key[0] not in graph.models]:
            del shadow.columns[key]

    def _resync(self, refused: Sequence[Op] = ()) -> None:
        """Pull the document, and take its differences to the shadow as the changes of others.

        ``refused`` are own ops that are in the shadow's columns and not at the server: they go on top.
        """
        publisher, shadow = self._publisher, self._publisher.shadow
        state = self._pull()
        try:
            patch = graphs.diff(shadow.graph, state.graph)
        except Conflict:
            # The same ids mean other models now: somebody started the document anew.
            self._touched = None
            self._reload(state)
            return
        if patch is not None:
            self._touch(event for event in patch["events"] if event["kind"] == "ModelChanged")
        # Not patched: it has the order of the server's roots, too.
        self._set_graph(state.graph)
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

    def _bring(self) -> None:
        """What changed in the graph, to the models."""
        touched, self._touched = self._touched, None
        if touched is None:
            return
        bringing = GraphUpdater(self._publisher, self._document, self._dirty, self._pending, self._index)
        bringing.bring(touched.graph, touched.attributes)
