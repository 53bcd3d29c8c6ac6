"""What a script changed in a document that is followed, as far as Bokeh tells of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bokeh.document import Document
from bokeh.document.events import (
    ColumnDataChangedEvent,
    ColumnsPatchedEvent,
    ColumnsStreamedEvent,
    ModelChangedEvent,
)
from bokeh.model import Model

_COLUMNS = (ColumnDataChangedEvent, ColumnsPatchedEvent, ColumnsStreamedEvent)


@dataclass(frozen=True, slots=True)
class Dirty:
    """``models`` that changed; ``is_whole``: there is more than that, such as another root."""

    count: int
    models: list[Model]
    is_whole: bool

    def __bool__(self) -> bool:
        return self.is_whole or bool(self.models)


@dataclass(slots=True, eq=False)
class _DirtyAttributes:
    model: Model
    counts: dict[str, int] = field(default_factory=dict)


class DirtyModels:
    """Listens to a document from `begin` to `end`. ``on_timer`` is called when callbacks of time come or go.

    Thread-safe: any thread may change models.
    """

    def __init__(self, document: Document, on_timer: Callable[[], None]) -> None:
        self._document = document
        self._on_timer = on_timer
        self._lock = threading.Lock()
        self._count = 0
        self._whole_at = 0
        self._marks: dict[str, _DirtyAttributes] = {}
        self._ignored = 0

    def begin(self) -> None:
        self._document.on_change_dispatch_to(self)

    def end(self) -> None:
        self._document.remove_on_change(self)

    @contextmanager
    def ignoring(self) -> Iterator[None]:
        """What this thread changes in here is not the script's doing."""
        self._ignored = threading.get_ident()
        try:
            yield
        finally:
            self._ignored = 0

    def marked(self) -> Dirty:
        with self._lock:
            models = [marks.model for marks in self._marks.values()]
            return Dirty(self._count, models, self._whole_at > 0)

    def is_marked(self, model: Model, attribute: str) -> bool:
        with self._lock:
            marks = self._marks.get(model.id)
            return marks is not None and marks.model is model and attribute in marks.counts

    def forget(self, count: int) -> None:
        """What was marked up to then has been stored."""
        with self._lock:
            if self._whole_at <= count:
                self._whole_at = 0
            for key, marks in list(self._marks.items()):
                marks.counts = {name: at for name, at in marks.counts.items() if at > count}
                if not marks.counts:
                    del self._marks[key]

    # Bokeh calls these.

    def _document_patched(self, event: Any) -> None:
        if self._ignored == threading.get_ident():
            return
        with self._lock:
            self._count += 1
            if isinstance(event, ModelChangedEvent):
                marks = self._marks.setdefault(event.model.id, _DirtyAttributes(event.model))
                marks.counts[event.attr] = self._count
            elif not isinstance(event, _COLUMNS):
                self._whole_at = self._count

    def _session_callback_added(self, event: Any) -> None:
        self._on_timer()

    def _session_callback_removed(self, event: Any) -> None:
        self._on_timer()
