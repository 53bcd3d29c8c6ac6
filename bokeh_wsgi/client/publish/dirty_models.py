"""`DirtyModels`: what a script changed in a document and in which order, as far as Bokeh reports it."""

import threading
import weakref
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bokeh.document import Document
from bokeh.document.events import (
    ColumnDataChangedEvent,
    ColumnsPatchedEvent,
    ColumnsStreamedEvent,
    ModelChangedEvent,
    RootRemovedEvent,
)
from bokeh.model import Model

_ROWS = (ColumnsPatchedEvent, ColumnsStreamedEvent)
_COLUMNS = (ColumnDataChangedEvent, *_ROWS)


@dataclass(frozen=True, slots=True)
class Dirty:
    """The ``models`` that changed up to a ``count``; ``is_whole``: something else did too, such as a root."""

    count: int
    models: list[Model]
    is_whole: bool

    def __bool__(self) -> bool:
        return self.is_whole or bool(self.models)


@dataclass(slots=True, eq=False)
class _DirtyModel:
    """The counts at which attributes of a model, and its columns, were last changed."""

    model: Model
    attributes: dict[str, int] = field(default_factory=dict)
    columns: int = 0


class DirtyModels:
    """Counts and records the changes that Bokeh reports, from `begin` to `end`.

    Thread-safe: any thread may change models. ``beyond_rows`` is the number of changes other than of rows.
    """

    def __init__(self, document: Document) -> None:
        self.beyond_rows = 0
        self._document = weakref.ref(document)
        self._lock = threading.Lock()
        self._count = 0
        self._whole_at = 0
        self._removed_at = 0
        self._models: dict[str, _DirtyModel] = {}
        self._ignored = 0

    def begin(self) -> None:
        document = self._document()
        if document is not None:
            document.on_change_dispatch_to(self)

    def end(self) -> None:
        document = self._document()
        if document is not None:
            document.remove_on_change(self)

    @contextmanager
    def ignoring(self) -> Iterator[None]:
        """Do not record what this thread changes within the ``with`` block: it is not the script's change."""
        self._ignored = threading.get_ident()
        try:
            yield
        finally:
            self._ignored = 0

    @property
    def count(self) -> int:
        """How many changes were recorded. A step contains the changes up to its count."""
        return self._count

    def dirty(self) -> Dirty:
        """What was changed and is not stored yet."""
        with self._lock:
            models = [dirty.model for dirty in self._models.values() if dirty.attributes]
            return Dirty(self._count, models, self._whole_at > 0)

    def is_dirty(self, model: Model, attribute: str) -> bool:
        """Whether the script has set an attribute and not stored it yet."""
        with self._lock:
            dirty = self._models.get(model.id)
            return dirty is not None and dirty.model is model and attribute in dirty.attributes

    @property
    def has_removed_roots(self) -> bool:
        """Whether the script removed roots, and so may have changed their order."""
        return self._removed_at > 0

    def attribute_order(self, model: Model, attribute: str) -> int:
        """The count at which an attribute was last set; 0 if not known."""
        dirty = self._models.get(model.id)
        return 0 if dirty is None else dirty.attributes.get(attribute, 0)

    def column_order(self, model: Model) -> int:
        """The count at which columns of a source were last changed; 0 if not known."""
        dirty = self._models.get(model.id)
        return 0 if dirty is None else max(dirty.columns, dirty.attributes.get("data", 0))

    def stored(self, count: int, models: Set[str] | None = None) -> None:
        """The changes up to a count have been stored: of these models (by local id), or of all."""
        with self._lock:
            if models is None:
                self._whole_at = self._whole_at if self._whole_at > count else 0
                self._removed_at = self._removed_at if self._removed_at > count else 0
            keys = list(self._models) if models is None else self._models.keys() & models
            for key in keys:
                dirty = self._models[key]
                dirty.attributes = {name: at for name, at in dirty.attributes.items() if at > count}
                dirty.columns = dirty.columns if dirty.columns > count else 0
                if not dirty.attributes and not dirty.columns:
                    del self._models[key]

    # Called by Bokeh

    def _document_patched(self, event: Any) -> None:
        self.beyond_rows += not isinstance(event, _ROWS)
        if self._ignored == threading.get_ident():
            return
        with self._lock:
            self._count += 1
            if isinstance(event, ModelChangedEvent):
                self._dirty(event.model).attributes[event.attr] = self._count
            elif isinstance(event, _COLUMNS):
                self._dirty(event.model).columns = self._count
            else:
                self._whole_at = self._count
                if isinstance(event, RootRemovedEvent):
                    self._removed_at = self._count

    def _dirty(self, model: Model) -> _DirtyModel:
        dirty = self._models.get(model.id)
        if dirty is None or dirty.model is not model:
            dirty = self._models[model.id] = _DirtyModel(model)
        return dirty
