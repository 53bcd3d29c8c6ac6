"""What a session's models and columns have become since it last stored them, as ops."""

import json
import secrets
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import bokeh
from bokeh.core.has_props import is_DataModel
from bokeh.document import Document
from bokeh.document.document import DEFAULT_TITLE
from bokeh.model import Model

from bokeh_wsgi.bokeh_types import foreign_types
from bokeh_wsgi.client.columns.column_ops import ColumnOps
from bokeh_wsgi.client.columns.undo import Undo
from bokeh_wsgi.dataplane import Column, Op, OpCode, take_column
from bokeh_wsgi.exc import ColumnError, Conflict
from bokeh_wsgi.models import graph as graphs
from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.state import State

from .model_watch import ModelWatch
from .own_changes import OwnChanges
from .resources import resources_of
from .serializer import GraphSerializer, PartSerializer, closure, text_of
from .steps import Step

ABSORB_ATTEMPTS: Final = 25
"""So often a step is made anew on what others did, before its columns are sent whole."""


class Pull(Protocol):
    def __call__(self) -> State:
        """The document as the server has it now."""


class Absorb(Protocol):
    def __call__(self, step: Step) -> None:
        """Take in what others did, below what a refused step does to columns."""


@dataclass(slots=True)
class _Draft:
    """The session's part as it is now: what `_changes` compares with the shadow."""

    serializer: GraphSerializer
    graph: Graph
    is_document: bool


@dataclass(slots=True)
class Publisher:
    """Compares with the shadow: this session's models, and copies of their columns, as the server has them.

    Only models that the session has published or loaded are in the shadow, so two sessions on one document
    leave each other's alone. ``starts_anew``: the next step is a whole graph, which replaces all that the
    document holds. ``sends_whole``: it has all columns whole. ``wire_ids``: the ids of models in the document
    where those are not their own, since another session had taken them.
    ``followed``: all changes up to this one are in the shadow, whoever made them; None: some may be missing.
    ``own`` are this session's after that one. ``absorb`` is set while the document is followed.
    A step brings the shadow's columns to what the server will have; it is either acknowledged, or refused:
    then what it touched is forgotten, and sent whole by the next one.
    Not thread-safe: `Session` holds the lock.
    """

    title: str = ""
    starts_anew: bool = False
    share_view: bool = False
    sends_whole: bool = False
    shadow: State = field(default_factory=State)
    wire_ids: dict[str, str] = field(default_factory=dict)
    columns: ColumnOps = field(default_factory=ColumnOps)
    watch: ModelWatch = field(default_factory=ModelWatch)
    own: OwnChanges = field(default_factory=OwnChanges)
    followed: int | None = None
    absorb: Absorb | None = None
    _conflicts: int = 0
    _owns_document: bool = False
    _texts: dict[str, tuple[Any, str]] = field(default_factory=dict)
    _tag: str = field(default_factory=lambda: secrets.token_hex(3))

    def wire_id(self, model: Model) -> str:
        return self.wire_ids.get(model.id, model.id)

    def knows(self, model: Model) -> bool:
        """Whether the model was published or loaded, and the document still holds it."""
        return self.wire_id(model) in self.shadow.graph.models

    def join(self, state: State) -> None:
        """Take over a document that was loaded: all of it counts as this session's from now on."""
        self.shadow = state
        self.starts_anew = False
        self._owns_document = True
        self.followed = state.seq
        self.own.clear()
        self._texts.clear()
        self.columns.clear()
        self.watch.clear()

    def document_step(self, document: Document) -> Step | None:
        """What changed in the whole document; None if nothing did."""
        serializer = GraphSerializer(self.wire_ids)
        graph = Graph(version=bokeh.__version__, title=self._title_of(document))
        data_models = [cls for cls in Model.model_class_reverse_map.values() if is_DataModel(cls)]
        graph.defs = _plain(serializer.encode(data_models)) if data_models else self.shadow.graph.defs
        graph.config = self._config_of(document, serializer)
        graph.share_view = self.share_view or (self.shadow.graph.share_view and not self.starts_anew)
        graph.roots = [serializer.encode(root)["id"] for root in document.roots]
        callbacks = document.callbacks.js_event_callbacks
        graph.callbacks = _plain(serializer.encode(callbacks)) if callbacks else None
        return self._step(_Draft(serializer, graph, is_document=True))

    def objects_step(self, objects: Sequence[Model], only: Container[str] | None = None) -> Step | None:
        """What changed in models that `knows` and in all they lead to; None if nothing did.

        ``only`` columns of these names are looked at.
        """
        old = self.shadow.graph
        seen = None if self.starts_anew or self.sends_whole else self.watch.unchanged(objects)
        if seen is not None and all(self.columns.is_noted(*source) for source in seen.sources.items()):
            ops = self._column_ops(seen, old.models, only)
            return Step(ops, None, seen.objects, self._undos()) if ops else None
        changes = self.watch.begin(objects)
        serializer = closure(objects, self.wire_ids)
        step = self._step(_Draft(serializer, _outline(old), is_document=False), only)
        self.watch.keep(objects, serializer, changes)
        return step

    def models_step(self, models: Iterable[Model], sources: Iterable[Model]) -> Step | None:
        """What changed in these models of a document that is followed, and in the columns of ``sources``.

        All the other models it holds are taken as they were.
        """
        old = self.shadow.graph
        serializer = PartSerializer(self.wire_ids, old.models)
        for model in models:
            if self.knows(model):
                serializer.take(model)
        for source in sources:
            if self.knows(source):
                serializer.take_columns(source)
        return self._step(_Draft(serializer, _outline(old), is_document=False))

    def holds_all(self) -> bool:
        """Whether the shadow is the whole document, as far as it was followed."""
        return self._owns_document and self.followed is not None

    def based(self, step: Step) -> Step:
        """The step as it has to be after what was acknowledged since it was made."""
        versions = {key: held.version for key, held in self.shadow.columns.items()}
        return replace(step, ops=[replace(op, base=versions.get(op.key, op.base)) for op in step.ops])

    def acknowledge(self, step: Step, seq: int) -> None:
        """The server has taken the step as change ``seq``."""
        self._conflicts = 0
        self._note_own(step, seq)
        self._owns_document |= self.starts_anew
        self.starts_anew = self.sends_whole = False
        self.shadow.advance(step.ops, seq, step.graph)
        if step.graph is not None:
            self._texts = {key: kept for key, kept in self._texts.items() if key in step.graph.models}

    def _note_own(self, step: Step, seq: int) -> None:
        if self.starts_anew:
            self.followed = seq
            self.own.clear()
        elif self.followed is not None and seq == self.followed + 1:
            self.followed = seq
        elif self.absorb is not None:
            self.own.add(seq, step.ops)
        else:
            self.followed = None

    def refuse(self, step: Step) -> None:
        """The server has not taken the step, and will not."""
        self.watch.clear()
        for op in step.ops:
            if op.code not in (OpCode.GRAPH, OpCode.PATCH, OpCode.REMOVE):
                self.shadow.columns.pop(op.key, None)

    def resolve(self, conflict: Conflict, step: Step, pull: Pull) -> None:
        """Make the next step fit what the server says it holds: see the cases in the code.

        A column that somebody else wrote is among those that `refuse` forgets: ours is the last word; unless
        the document is followed, then what both did is put together.
        """
        self._conflicts += 1
        if self.absorb is not None and (self._conflicts <= ABSORB_ATTEMPTS or conflict.unknown):
            self.watch.clear()
            self.absorb(step)
            self._rename(step.objects, conflict.taken)
            return
        self.refuse(step)
        if conflict.unknown or any(version == 0 for *_, version in conflict.columns):
            # Somebody removed models of ours, or started the document anew.
            self._rebase(pull(), step)
        self._rename(step.objects, conflict.taken)

    def _rebase(self, server: State, step: Step) -> None:
        """Keep of the shadow what still is ours there; the rest will be sent as if it were new."""
        mine = self.shadow.graph
        kept = [root for root in mine.roots if _is_same_root(root, mine, server.graph)]
        reachable = server.graph.reachable(kept)
        content = {
            **server.graph.to_json(),
            "roots": kept,
            "models": {key: rep for key, rep in server.graph.models.items() if key in reachable},
            "config": None,
            "callbacks": None,
        }
        server.columns = {key: held for key, held in server.columns.items() if key[0] in reachable}
        foreign = server.graph.models.keys() - reachable
        server.graph = Graph.from_json(content)
        self.shadow = server
        self._owns_document = False
        self.followed = None
        self._texts.clear()
        self.columns.clear()
        self.watch.clear()
        self._rename(step.objects, foreign)

    def _rename(self, objects: Mapping[str, Model], taken: Iterable[str]) -> None:
        for wire_id in taken:
            if wire_id in objects:
                self.rename(objects[wire_id].id)

    def rename(self, local_id: str) -> None:
        """Give a model an id in the document that nobody else has."""
        self.watch.clear()
        self.wire_ids[local_id] = f"{local_id}-{self._tag}"

    def _title_of(self, document: Document) -> str:
        if document.title != DEFAULT_TITLE:
            return document.title
        return self.shadow.graph.title if self._is_guest else self.title or document.title

    @property
    def _is_guest(self) -> bool:
        """Whether the document is somebody else's, to which this session adds models."""
        return not (self.starts_anew or self._owns_document)

    def _config_of(self, document: Document, serializer: GraphSerializer) -> Any:
        config = document.config
        is_default = all(
            not model.properties_with_values(include_defaults=False).keys() - {"notifications"}
            for model in config.references()
        )
        if self._is_guest and is_default:
            return self.shadow.graph.config
        return serializer.encode(config)

    def _step(self, draft: _Draft, only: Container[str] | None = None) -> Step | None:
        patch = self._graph_op(draft)
        graph = None if patch is None else patch[1]
        known = (self.shadow.graph if graph is None else graph).models
        ops = [] if patch is None else [patch[0]]
        if self.starts_anew:
            self.shadow.columns.clear()
        ops += self._column_ops(draft.serializer, known, only)
        return Step(ops, graph, draft.serializer.objects, self._undos()) if ops else None

    def _undos(self) -> Sequence[Undo] | None:
        return self.columns.undos if self.columns.is_undoable else None

    def _graph_op(self, draft: _Draft) -> tuple[Op, Graph] | None:
        """The GRAPH or PATCH, and the graph after it."""
        old, new, serializer = self.shadow.graph, draft.graph, draft.serializer
        defaults = {} if self.starts_anew else self._defaults(serializer)
        texts = {key: text_of(rep) for key, rep in serializer.models.items()}
        changed = {key for key, text in texts.items() if self.starts_anew or text != self._text(key)}
        new.models = {} if draft.is_document else dict(old.models)
        for key, text in texts.items():
            new.models[key] = json.loads(text) if key in changed else old.models[key]
        new.resources, new.types = old.resources, old.types
        if changed:
            now = resources_of(serializer.objects.values())
            new.resources = now if self.starts_anew else graphs.joined_resources(old.resources, now)
            types = foreign_types(serializer.objects.values())
            new.types = types if self.starts_anew else {**old.types, **types}
        if self.starts_anew:
            whole = new.to_json()
            return _graph_op(OpCode.GRAPH, whole), Graph.from_json(whole)
        patch = graphs.diff(old, new, lambda model, attribute: defaults[model, attribute])
        if patch is None:
            return None
        after = old.patched(patch)
        for key in changed & after.models.keys():
            self._texts[key] = (after.models[key], texts[key])
        return _graph_op(OpCode.PATCH, patch), after

    def _text(self, key: str) -> str | None:
        """The text of a model in the shadow; None if it is not there."""
        rep = self.shadow.graph.models.get(key)
        if rep is None:
            return None
        known = self._texts.get(key)
        if known is None or known[0] is not rep:
            known = self._texts[key] = (rep, text_of(rep))
        return known[1]

    def _defaults(self, serializer: GraphSerializer) -> dict[tuple[str, str], Any]:
        """Values of the attributes that are back at their default: Bokeh leaves them out, pages need them."""
        defaults = {}
        for key, rep in list(serializer.models.items()):
            old = self.shadow.graph.models.get(key, rep)["attributes"]
            for attribute in old.keys() - rep["attributes"].keys():
                size = len(serializer.models)
                value = serializer.explicit(key, attribute, unless=old[attribute])
                if value == old[attribute]:
                    # It was said before, by a theme or as 1 for 1.0: no change.
                    rep["attributes"][attribute] = old[attribute]
                elif len(serializer.models) > size:
                    # A default that is a model, made anew: it has to be said.
                    rep["attributes"][attribute] = value
                else:
                    defaults[key, attribute] = _plain(value)
        return defaults

    def _column_ops(
        self, serializer: GraphSerializer, known: Container[str], only: Container[str] | None
    ) -> list[Op]:
        ops: list[Op] = []
        self.columns.begin()
        for model, data in list(serializer.sources.items()):
            if model not in known:
                continue

            def convert(name: str, values: Any, model: str = model) -> tuple[Column, bool]:
                try:
                    return take_column(values, fallback=serializer.encode)
                except (ColumnError, ValueError) as error:
                    raise ColumnError(f"column {name!r} of {serializer.objects[model]}: {error}") from error

            if self.sends_whole:
                for name in data:
                    self.shadow.columns.pop((model, name), None)
            try:
                ops += self.columns.of_source(self.shadow, model, data, convert, only)
            except BaseException:
                self._forget_columns(serializer.sources)
                raise
            if not self.starts_anew:
                gone = [key for key in self.shadow.columns if key[0] == model and key[1] not in data]
                ops += [Op(OpCode.REMOVE).of(*key, self.shadow.columns[key].version) for key in gone]
                self.columns.is_undoable &= not gone
        return ops

    def _forget_columns(self, models: Container[str]) -> None:
        """The shadow may have columns in it that were not sent."""
        for key in [key for key in self.shadow.columns if key[0] in models]:
            del self.shadow.columns[key]


def _outline(old: Graph) -> Graph:
    """All of a graph but its models: where only some of these are looked at."""
    graph = Graph(version=old.version, title=old.title)
    graph.roots, graph.defs = list(old.roots), old.defs
    graph.config, graph.callbacks, graph.share_view = old.config, old.callbacks, old.share_view
    return graph


def _graph_op(code: OpCode, content: Any) -> Op:
    return Op(code, json=json.dumps(content, separators=(",", ":"), allow_nan=False))


def _plain(value: Any) -> Any:
    """The same JSON value, made of nothing but JSON's own types."""
    return json.loads(text_of(value))


def _is_same_root(root: str, mine: Graph, theirs: Graph) -> bool:
    return root in theirs.roots and text_of(mine.models[root]) == text_of(theirs.models[root])
