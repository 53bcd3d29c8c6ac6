"""Spares looking through models again where a document says that only rows of its sources changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from bokeh.document import Document
from bokeh.model import Model

from .dirty_models import DirtyModels
from .serializer import GraphSerializer

MOST_USES: Final = 32
"""Bokeh does not tell of values that change inside values, such as a dict in ``model.tags``: so it is not
believed for ever."""
MOST_KEPT: Final = 64


@dataclass(slots=True)
class _Seen:
    closure: GraphSerializer
    dirty: DirtyModels
    changes: int
    uses: int = 0


@dataclass(slots=True)
class ModelWatch:
    """What changed in each document, and closures of objects, kept while nothing in them has changed.

    Not thread-safe.
    """

    _documents: "WeakKeyDictionary[Document, DirtyModels]" = field(default_factory=WeakKeyDictionary)
    _seen: dict[tuple[int, ...], _Seen] = field(default_factory=dict)

    def clear(self) -> None:
        """Believe no closure that was kept so far."""
        self._seen.clear()

    def end(self) -> None:
        """Listen to no document any more."""
        self.clear()
        for dirty in self._documents.values():
            dirty.end()
        self._documents.clear()

    def dirty(self, document: Document) -> DirtyModels:
        """What changed in a document, since this was asked for the first time."""
        dirty = self._documents.get(document)
        if dirty is None:
            dirty = self._documents[document] = DirtyModels(document)
            dirty.begin()
        return dirty

    def begin(self, objects: Sequence[Model]) -> int:
        """To be called before their closure is made: how many changes their document has seen."""
        document = document_of(objects)
        return 0 if document is None else self.dirty(document).beyond_rows

    def keep(self, objects: Sequence[Model], closure: GraphSerializer, changes: int) -> None:
        """The closure holds for as long as ``changes``, from `begin`, does not rise."""
        document = document_of(objects)
        if document is None:
            return
        if len(self._seen) >= MOST_KEPT:
            self._seen.clear()
        self._seen[tuple(map(id, objects))] = _Seen(closure, self.dirty(document), changes)

    def unchanged(self, objects: Sequence[Model]) -> GraphSerializer | None:
        """The closure that was kept, if it still holds."""
        seen = self._seen.get(tuple(map(id, objects)))
        document = document_of(objects)
        if seen is None or document is None or document.callbacks.hold_value is not None:
            return None
        seen.uses += 1
        holds = seen.dirty is self.dirty(document) and seen.dirty.beyond_rows == seen.changes
        return seen.closure if holds and seen.uses <= MOST_USES else None


def document_of(objects: Sequence[Model]) -> Document | None:
    """The one document that all are in."""
    document = objects[0].document if objects else None
    return document if all(obj.document is document for obj in objects) else None
