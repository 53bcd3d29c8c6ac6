"""`Publisher`: compares models and columns with what the server has, and turns the differences into steps."""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bokeh.core.has_props import is_DataModel
from bokeh.document import Document
from bokeh.document.document import DEFAULT_TITLE
from bokeh.model import Model

from bokeh_wsgi.client.columns.column_ops import ColumnOps
from bokeh_wsgi.client.data_models import is_loaded_type
from bokeh_wsgi.dataplane import Column, Op, OpCode, take_column
from bokeh_wsgi.exc import ColumnError
from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.state import State

from .dirty_models import DirtyModels
from .graph_ops import Draft, graph_change, interleaved, outline
from .model_watch import ModelWatch
from .own_changes import OwnChanges
from .ownership import Ownership
from .rounding import Rounding
from .serializer import GraphSerializer, PartSerializer, closure, plain
from .steps import Step

UNSHOWABLE: Final = "constructor"
"""A column name that breaks BokehJS: it recognises plain objects by this attribute."""

Absorb = Callable[[Step], None]
"""Applies the changes of others, and puts what a refused step does to columns on top of them."""


@dataclass(slots=True)
class Publisher:
    """Creates steps from what is own (see `Ownership`) in models and columns.

    Creating a step already updates the shadow's columns to what the server will have after it. Then the step
    is either acknowledged or refused. After a refusal its columns are removed from the shadow, so that the
    next step sends them whole. Not thread-safe: the session's lock is held.

    ``title``: for documents to which the script gave none.
    ``sends_whole``: the next step contains all columns whole.
    ``followed``: the shadow contains all changes up to this ``seq``, whoever made them; None: not known.
    ``own``: this session's changes after ``followed``.
    ``absorb``: set while the document is followed.
    ``unfinished``: completes an update of the models from the shadow that was interrupted.
    """

    ownership: Ownership = field(default_factory=Ownership)
    title: str = ""
    share_view: bool = False
    sends_whole: bool = False
    columns: ColumnOps = field(default_factory=ColumnOps)
    watch: ModelWatch = field(default_factory=ModelWatch)
    own: OwnChanges = field(default_factory=OwnChanges)
    rounding: Rounding = field(default_factory=Rounding)
    followed: int | None = None
    absorb: Absorb | None = None
    unfinished: Callable[[], None] | None = None

    @property
    def shadow(self) -> State:
        """The document as the server has it, as far as this session knows."""
        return self.ownership.shadow

    def load(self, state: State) -> None:
        """Use a pulled state as the shadow: all of it is loaded from now on."""
        self.ownership.load(state)
        self.followed = state.seq
        self.own.clear()
        self.columns.clear()
        self.watch.clear()

    def document_step(self, document: Document) -> Step | None:
        """The step for all that changed in a document; None if nothing did."""
        serializer, old = GraphSerializer(self.ownership.ids), self.shadow.graph
        count = self.watch.dirty(document).count
        starts_anew = self.ownership.starts_anew
        graph = Graph(title=self._title_of(document))
        graph.generation = old.generation
        graph.config = self._config_of(document, serializer)
        graph.share_view = self.share_view or (old.share_view and not starts_anew)
        graph.roots = self._roots_of(document, serializer)
        callbacks = document.callbacks.js_event_callbacks
        graph.callbacks = plain(serializer.encode(callbacks)) if callbacks else None
        graph.defs = self._defs(serializer)
        return self._step_of(Draft(serializer, graph, is_document=True), count)

    def objects_step(self, objects: Sequence[Model], only: Container[str] | None = None) -> Step | None:
        """The step for what changed in known models and all that they refer to; None if nothing did.

        ``only``: names of columns; others are not compared.
        """
        old, count = self.shadow.graph, self._count(objects)
        scans_all = self.ownership.starts_anew or self.sends_whole
        seen = None if scans_all else self.watch.unchanged(objects)
        if seen is not None and all(self.columns.is_logged(*source) for source in seen.sources.items()):
            ops = self._column_ops(seen, old.models, only)
            return self._step(ops, None, seen.objects, count)
        changes = self.watch.begin(objects)
        serializer = closure(objects, self.ownership.ids)
        step = self._step_of(Draft(serializer, outline(old), is_document=False), count, only)
        self.watch.keep(objects, serializer, changes)
        return step

    def models_step(self, models: Iterable[Model], sources: Iterable[Model]) -> Step | None:
        """The step for what changed in these models of a followed document, and in columns of ``sources``.

        All other models are assumed to be unchanged.
        """
        models, sources = list(models), list(sources)
        old, count = self.shadow.graph, self._count([*models, *sources])
        serializer = PartSerializer(self.ownership.ids, old.models)
        for model in models:
            if self.ownership.knows(model):
                serializer.take(model)
        for source in sources:
            if self.ownership.knows(source):
                serializer.take_columns(source)
        return self._step_of(Draft(serializer, outline(old), is_document=False), count)

    def holds_all(self) -> bool:
        """Whether the shadow is the whole document, with all changes up to ``followed``."""
        return self.ownership.is_whole and self.followed is not None

    def based(self, step: Step) -> Step:
        """The step with its ops based on the column versions that have been acknowledged meanwhile."""
        versions = {key: held.version for key, held in self.shadow.columns.items()}
        return replace(step, ops=[replace(op, base=versions.get(op.key, op.base)) for op in step.ops])

    def acknowledge(self, step: Step, seq: int) -> None:
        """Record that the server has accepted the step as change ``seq``."""
        if step.starts_anew:
            self.followed = seq
            self.own.clear()
        elif self.followed is not None and seq == self.followed + 1:
            self.followed = seq
        elif self.absorb is not None:
            self.own.add(seq, step.ops)
        else:
            self.followed = None
        self.sends_whole = False
        self.ownership.sent(step, seq)
        dirty = self._dirty(step.objects.values())
        if dirty is not None:
            stored = None if step.is_document else {model.id for model in step.objects.values()}
            dirty.stored(step.count, stored)

    def refuse(self, step: Step) -> None:
        """Record that the server has refused the step."""
        self.watch.clear()
        for op in step.ops:
            if op.code not in (OpCode.GRAPH, OpCode.PATCH, OpCode.REMOVE):
                self.shadow.columns.pop(op.key, None)

    def rename(self, objects: Mapping[str, Model], taken: Collection[str]) -> None:
        """Give models of a refused step other ids, where somebody else uses theirs (``taken``)."""
        self.watch.clear()
        ids, known = self.ownership.ids, self.shadow.graph.models
        for wire in taken:
            if wire in objects and wire not in known and ids.is_pair(objects[wire], wire):
                ids.rename(wire)

    def _roots_of(self, document: Document, serializer: GraphSerializer) -> list[str]:
        """The roots: known ones in the shadow's order, unless the script has changed it, then new ones."""
        here: list[str] = [serializer.encode(root)["id"] for root in document.roots]
        if self.ownership.starts_anew:
            return here
        if self.watch.dirty(document).has_removed_roots:
            return self.ownership.with_unknown_roots(here)
        stay = {*here, *self.ownership.unknown_roots}
        known = dict.fromkeys(root for root in self.shadow.graph.roots if root in stay)
        return [*known, *(root for root in here if root not in known)]

    def _title_of(self, document: Document) -> str:
        if document.title != DEFAULT_TITLE:
            return document.title
        if not self.ownership.is_guest:
            return self.title or document.title
        is_new = not self.ownership.ids.tags_new
        return self.shadow.graph.title or (self.title if is_new else "")

    def _config_of(self, document: Document, serializer: GraphSerializer) -> Any:
        config = document.config
        is_default = all(
            not model.properties_with_values(include_defaults=False).keys() - {"notifications"}
            for model in config.references()
        )
        if is_default and not self.ownership.starts_anew and not self.ownership.knows(config):
            # Bokeh creates one for each document: the script has not changed it.
            return self.shadow.graph.config
        return serializer.encode(config)

    def _defs(self, serializer: GraphSerializer) -> list[Any] | None:
        """Definitions of data models: known ones and those in use; for a new generation, all that exist."""
        starts_anew, old = self.ownership.starts_anew, self.shadow.graph.defs
        known = {} if starts_anew else {_name_of(definition): definition for definition in old or ()}
        used = {cls for obj in serializer.objects.values() for cls in type(obj).__mro__}
        classes = [
            cls
            for cls in Model.model_class_reverse_map.values()
            if is_DataModel(cls) and (starts_anew or cls in used)
        ]
        encoded = plain(serializer.encode(classes)) if classes else []
        new = {
            cls.__qualified_model__: definition
            for cls, definition in zip(classes, encoded, strict=True)
            if cls.__qualified_model__ not in known or not is_loaded_type(cls)
        }
        return list({**known, **new}.values()) or None

    def _step_of(self, draft: Draft, count: int, only: Container[str] | None = None) -> Step | None:
        objects = draft.serializer.objects
        dirty = self._dirty(objects.values())

        def attribute_order(wire: str, attribute: str) -> int:
            model = objects.get(wire)
            return 0 if model is None or dirty is None else dirty.attribute_order(model, attribute)

        change = graph_change(draft, self.ownership, attribute_order)
        graph = None if change is None else change.graph
        if self.ownership.starts_anew:
            self.shadow.columns.clear()
        columns = self._column_ops(draft.serializer, (graph or self.shadow.graph).models, only)
        placed = [(0 if dirty is None else dirty.column_order(objects[op.model]), op) for op in columns]
        return self._step(interleaved(change, placed), graph, objects, count, draft.is_document)

    def _count(self, objects: Iterable[Model]) -> int:
        """How many changes Bokeh has reported; to be read before the models, which threads may change."""
        dirty = self._dirty(objects)
        return 0 if dirty is None else dirty.count

    def _dirty(self, objects: Iterable[Model]) -> DirtyModels | None:
        """The changes that Bokeh has reported in the document of these models."""
        document = next((obj.document for obj in objects if obj.document is not None), None)
        return None if document is None else self.watch.dirty(document)

    def _step(
        self,
        ops: Sequence[Op],
        graph: Graph | None,
        objects: Mapping[str, Model],
        count: int,
        is_document: bool = False,
    ) -> Step | None:
        undos = self.columns.undos if self.columns.is_undoable else None
        return (
            Step(ops, graph, objects, self.ownership.generation, undos, count, is_document) if ops else None
        )

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
                    if name == UNSHOWABLE:
                        raise ColumnError("BokehJS shows no source with a column of this name: rename it")
                    column, is_own = take_column(values, fallback=serializer.encode_item)
                except (ColumnError, ValueError) as error:
                    raise ColumnError(f"column {name!r} of {serializer.objects[model]}: {error}") from error
                what = str(serializer.objects[model])
                if serializer.has_rounded():
                    self.rounding.warn((model, name), what)
                elif is_own:
                    self.rounding.check((model, name), values, column, what)
                return column, is_own

            if self.sends_whole:
                for name in data:
                    self.shadow.columns.pop((model, name), None)
            try:
                ops += self.columns.of_source(self.shadow, model, data, convert, only)
            except BaseException:
                self._forget_columns(serializer.sources)
                raise
            if not self.ownership.starts_anew:
                gone = [key for key in self.shadow.columns if key[0] == model and key[1] not in data]
                ops += [Op(OpCode.REMOVE).of(*key, self.shadow.columns[key].version) for key in gone]
                self.columns.is_undoable &= not gone
        return ops

    def _forget_columns(self, models: Container[str]) -> None:
        """Remove columns from the shadow that may contain what was not sent."""
        for key in [key for key in self.shadow.columns if key[0] in models]:
            del self.shadow.columns[key]


def _name_of(definition: Mapping[str, Any]) -> str:
    """The name of a data model, from its definition or a reference to it."""
    return str(definition.get("name", definition.get("id")))
