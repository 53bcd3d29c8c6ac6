"""`ModelWatch`: avoids encoding models again while only rows of their sources change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from bokeh.document import Document
from bokeh.model import Model

from .dirty_models import DirtyModels
from .serializer import GraphSerializer

MOST_USES: Final = 32
"""How often a closure is used before models are encoded again: Bokeh does not report changes inside of
values, such as a dict in ``model.tags``."""
MOST_KEPT: Final = 64


@dataclass(slots=True)
class _Seen:
    closure: GraphSerializer
    dirty: DirtyModels
    changes: int
    uses: int = 0


@dataclass(slots=True)
class ModelWatch:
    """The `DirtyModels` of each document, and a cache of closures: serializers that have encoded some objects
    and all that they refer to. A closure is valid until something else than rows changes. Not thread-safe.
    """

    _documents: "WeakKeyDictionary[Document, DirtyModels]" = field(default_factory=WeakKeyDictionary)
    _seen: dict[tuple[int, ...], _Seen] = field(default_factory=dict)

    def clear(self) -> None:
        """Drop all cached closures."""
        self._seen.clear()

    def end(self) -> None:
        """Stop listening to documents."""
        self.clear()
        for dirty in self._documents.values():
            dirty.end()
        self._documents.clear()

    def dirty(self, document: Document) -> DirtyModels:
        """What has changed in a document since the first call for it."""
        dirty = self._documents.get(document)
        if dirty is None:
            dirty = self._documents[document] = DirtyModels(document)
            dirty.begin()
        return dirty

    def begin(self, objects: Sequence[Model]) -> int:
        """The number of changes of a document; to be called before the closure of its objects is created."""
        document = document_of(objects)
        return 0 if document is None else self.dirty(document).beyond_rows

    def keep(self, objects: Sequence[Model], closure: GraphSerializer, changes: int) -> None:
        """Cache a closure; it is valid while the document has as many ``changes`` as `begin` returned."""
        document = document_of(objects)
        if document is None:
            return
        if len(self._seen) >= MOST_KEPT:
            self._seen.clear()
        self._seen[tuple(map(id, objects))] = _Seen(closure, self.dirty(document), changes)

    def unchanged(self, objects: Sequence[Model]) -> GraphSerializer | None:
        """The cached closure of objects, if it is still valid."""
        seen = self._seen.get(tuple(map(id, objects)))
        document = document_of(objects)
        if seen is None or document is None or document.callbacks.hold_value is not None:
            return None
        seen.uses += 1
        is_valid = seen.dirty is self.dirty(document) and seen.dirty.beyond_rows == seen.changes
        return seen.closure if is_valid and seen.uses <= MOST_USES else None


def document_of(objects: Sequence[Model]) -> Document | None:
    """The document of all objects; None if they are not in the same one."""
    document = objects[0].document if objects else None
    return document if all(obj.document is document for obj in objects) else None
