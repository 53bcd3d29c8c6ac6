"""What a script changed in a document, in which order, as far as Bokeh tells of it."""

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
    """``models`` that changed up to a ``count``; ``is_whole``: more than these, such as another root."""

    count: int
    models: list[Model]
    is_whole: bool

    def __bool__(self) -> bool:
        return self.is_whole or bool(self.models)


@dataclass(slots=True, eq=False)
class _DirtyModel:
    """When attributes of a model were set last, and its columns."""

    model: Model
    attributes: dict[str, int] = field(default_factory=dict)
    columns: int = 0


class DirtyModels:
    """Listens to a document, from `begin` to `end`.

    Thread-safe: any thread may change models. ``beyond_rows`` counts changes other than of rows.
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
        """What this thread changes in here is not the script's doing."""
        self._ignored = threading.get_ident()
        try:
            yield
        finally:
            self._ignored = 0

    @property
    def count(self) -> int:
        """How many changes there were: what is stored now is what was changed up to then."""
        return self._count

    def dirty(self) -> Dirty:
        """What was changed and not stored."""
        with self._lock:
            models = [dirty.model for dirty in self._models.values() if dirty.attributes]
            return Dirty(self._count, models, self._whole_at > 0)

    def is_dirty(self, model: Model, attribute: str) -> bool:
        """Whether the script has set an attribute, and not stored it."""
        with self._lock:
            dirty = self._models.get(model.id)
            return dirty is not None and dirty.model is model and attribute in dirty.attributes

    @property
    def has_removed_roots(self) -> bool:
        """Whether the script took roots out, and may have put them in again at another place."""
        return self._removed_at > 0

    def attribute_order(self, model: Model, attribute: str) -> int:
        """A number that rises in the order in which attributes and columns were set; 0 if not known."""
        dirty = self._models.get(model.id)
        return 0 if dirty is None else dirty.attributes.get(attribute, 0)

    def column_order(self, model: Model) -> int:
        """The same of the columns of a source."""
        dirty = self._models.get(model.id)
        return 0 if dirty is None else max(dirty.columns, dirty.attributes.get("data", 0))

    def stored(self, count: int, models: Set[str] | None = None) -> None:
        """What was changed up to then has been stored: of these models (by local id), or of all."""
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

    # Bokeh calls this.

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
