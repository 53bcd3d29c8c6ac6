"""Spares looking through models again where a document says that only rows of its sources changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from bokeh.document import Document
from bokeh.document.events import ColumnsPatchedEvent, ColumnsStreamedEvent
from bokeh.model import Model

from .serializer import GraphSerializer

MOST_USES: Final = 32
"""Bokeh does not tell of values that change inside values, such as a dict in ``model.tags``: so it is not
believed for ever."""
MOST_KEPT: Final = 64


class _Watch:
    """Counts what happened in a document besides `stream` and `patch`; Bokeh calls it."""

    def __init__(self) -> None:
        self.changes = 0

    def _document_patched(self, event: Any) -> None:
        self.changes += not isinstance(event, ColumnsStreamedEvent | ColumnsPatchedEvent)


@dataclass(slots=True)
class _Seen:
    closure: GraphSerializer
    watch: _Watch
    changes: int
    uses: int = 0


@dataclass(slots=True)
class ModelWatch:
    """Closures of objects, kept while nothing in them has changed. Not thread-safe."""

    _watches: "WeakKeyDictionary[Document, _Watch]" = field(default_factory=WeakKeyDictionary)
    _seen: dict[tuple[int, ...], _Seen] = field(default_factory=dict)

    def clear(self) -> None:
        self._seen.clear()

    def begin(self, objects: Sequence[Model]) -> int:
        """To be called before their closure is made: how many changes their document has seen."""
        document = _document_of(objects)
        return 0 if document is None else self._watch(document).changes

    def keep(self, objects: Sequence[Model], closure: GraphSerializer, changes: int) -> None:
        """The closure holds for as long as ``changes``, from `begin`, does not rise."""
        document = _document_of(objects)
        if document is None:
            return
        if len(self._seen) >= MOST_KEPT:
            self._seen.clear()
        self._seen[tuple(map(id, objects))] = _Seen(closure, self._watch(document), changes)

    def unchanged(self, objects: Sequence[Model]) -> GraphSerializer | None:
        """The closure that was kept, if it still holds."""
        seen = self._seen.get(tuple(map(id, objects)))
        document = _document_of(objects)
        if seen is None or document is None or document.callbacks.hold_value is not None:
            return None
        seen.uses += 1
        holds = seen.watch is self._watch(document) and seen.watch.changes == seen.changes
        return seen.closure if holds and seen.uses <= MOST_USES else None

    def _watch(self, document: Document) -> _Watch:
        watch = self._watches.get(document)
        if watch is None:
            watch = self._watches[document] = _Watch()
            document.on_change_dispatch_to(watch)
        return watch


def _document_of(objects: Sequence[Model]) -> Document | None:
    """The one document that all are in."""
    document = objects[0].document if objects else None
    return document if all(obj.document is document for obj in objects) else None
