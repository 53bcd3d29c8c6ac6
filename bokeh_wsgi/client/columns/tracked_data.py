"""The ``data`` of a published source: it streams without copying columns, and notes what it was changes."""

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import numpy as np
from bokeh.core.property.wrappers import PropertyValueColumnData
from bokeh.document import Document
from bokeh.document.events import (
    ColumnDataChangedEvent,
    ColumnsPatchedEvent,
    ColumnsStreamedEvent,
    DocumentPatchedEvent,
)

from bokeh_wsgi.dataplane.columns import Array
from bokeh_wsgi.dataplane.growable_buffer import GrowableBuffer

columns_lock: Final = threading.RLock()
"""Held while columns change or are looked at, so that threads may stream while others store or take in.

Nobody is called with it held: callbacks may want the session's lock, which comes before it."""


@dataclass(slots=True)
class RowChanges:
    """What `stream` and `patch` did to one column: rows appended, dropped in front, and ranges written.

    ``written`` counts rows from the first one that there was at the start, dropped ones too.
    """

    appended: int = 0
    dropped: int = 0
    written: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True, eq=False, weakref_slot=True)
class ColumnLog:
    """What happened to a source's columns since somebody last looked.

    ``needs_compare``: something else than `stream` and `patch` happened, so that only a comparison can tell.
    """

    changes: dict[str, RowChanges] = field(default_factory=dict)
    needs_compare: bool = False

    def clear(self) -> None:
        self.changes.clear()
        self.needs_compare = False

    def of(self, column: str) -> RowChanges:
        return self.changes.setdefault(column, RowChanges())


class TrackedData(PropertyValueColumnData):
    """Bokeh's container for columns, with its own ways to `stream` and `patch`: of the same effect, but they
    cost what is new instead of what is there.

    An array that was streamed to is a view with room behind it. Values written into an earlier array show
    through in the present one for as long as both have that row.
    """

    _buffers: dict[str, GrowableBuffer]
    _logs: "weakref.WeakSet[ColumnLog]"

    def log(self) -> ColumnLog:
        """One that notes all that happens from now on, as long as it is held."""
        log = ColumnLog()
        self._logs.add(log)
        return log

    def update(self, *args: Any, **kwargs: Any) -> None:
        """As Bokeh's, but that others are told when the lock is free again."""
        new = dict(*args, **kwargs)
        with columns_lock:
            self._ask_to_compare()
            old = dict(self)
            dict.update(self, new)
        owner: Any
        for owner, descriptor in self._owners:
            hint = ColumnDataChangedEvent(owner.document, owner, "data", cols=list(new))
            descriptor._notify_mutated(owner, old, hint=hint)

    def extend(self, name: str, more: Array, drop: int) -> bool:
        """Append to a column in its room, after ``drop`` rows went in front, and tell nobody.

        False if it has to be done otherwise. Whoever calls it holds the lock.
        """
        held: Any = self[name]
        if type(held) is not np.ndarray or not _grows(held, more):
            return False
        keep = len(held) - drop
        del held
        self._append(name, more, keep)
        return True

    def put(self, name: str, values: Any) -> None:
        """Set a column without telling anybody; whoever calls it holds the lock."""
        dict.__setitem__(self, name, values)

    def drop(self, name: str) -> None:
        """Take a column out without telling anybody; whoever calls it holds the lock."""
        dict.pop(self, name, None)

    def _notify_owners(self, old: Any, hint: DocumentPatchedEvent | None = None) -> None:
        self._ask_to_compare()
        super()._notify_owners(old, hint)

    def _ask_to_compare(self) -> None:
        for log in list(self._logs):
            log.needs_compare = True

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """After an error nobody knows what was done before it."""
        try:
            yield
        except BaseException:
            self._ask_to_compare()
            raise

    def _stream(
        self,
        doc: Document,
        source: Any,
        new_data: dict[str, Any],
        rollover: int | None = None,
        setter: Any = None,
    ) -> None:
        with columns_lock, self._noted():
            # Who holds the old arrays keeps rows from being moved: so only for those who want to see them.
            old = dict(self) if source._callbacks.get("data") else None
            for name, new in new_data.items():
                before, count = len(self[name]), len(new)
                if not self._extend(name, new, rollover):
                    plain = PropertyValueColumnData({name: self[name]})
                    plain._stream(doc, source, {name: new}, rollover, setter)
                    self.put(name, plain[name])
                for log in self._logs:
                    changes = log.of(name)
                    changes.appended += count
                    changes.dropped += before + count - len(self[name])
        self._tell(old, ColumnsStreamedEvent(doc, source, "data", new_data, rollover, setter))

    def _extend(self, name: str, new: Any, rollover: int | None) -> bool:
        """Stream to a column in its room; False if that is for Bokeh's own way."""
        held: Any = self[name]
        if type(held) is not np.ndarray:
            return False
        more: Array = np.asarray(new)
        if not _grows(held, more):
            return False
        keep = len(held)
        if rollover is not None:
            keep = min(keep, max(rollover - len(more), 0))
            more = more[max(len(more) - rollover, 0) :]
        del held
        self._append(name, more, keep)
        return True

    def _append(self, name: str, more: Array, keep: int) -> None:
        """Keep the last ``keep`` rows of an array, and append ``more``."""
        array: Any = self[name]
        buffer = self._buffers.get(name)
        if buffer is None or not buffer.is_view(array):
            buffer = self._buffers[name] = GrowableBuffer(array, copy=True)
        # No reference to the array remains, so that the buffer may move its rows.
        del array
        self.put(name, ())
        try:
            buffer.append(more, len(buffer) - keep)
        finally:
            self.put(name, buffer.view)

    def _patch(self, doc: Document, source: Any, patches: Any, setter: Any = None) -> None:
        with columns_lock, self._noted():
            old = dict(self)
            plain = PropertyValueColumnData(old)
            plain._patch(doc, source, patches, setter)
            for name, patch in patches.items():
                ranges = [_rows(at, len(self[name])) for at, _ in patch]
                for log in self._logs:
                    changes = log.of(name)
                    changes.written += [(changes.dropped + lo, changes.dropped + hi) for lo, hi in ranges]
        self._tell(old, ColumnsPatchedEvent(doc, source, "data", patches, setter))

    def _tell(self, old: Any, hint: DocumentPatchedEvent) -> None:
        """As Bokeh does after a change of its own making, less comparing all columns with what they were."""
        for owner, descriptor in self._owners:
            descriptor.property.prepare_value(owner, descriptor.name, self, hint=hint)
            descriptor._trigger(owner, old, self, hint=hint)


def tracked(data: Any) -> TrackedData | None:
    """Make a source's container of columns a `TrackedData`, in place; None if it is not Bokeh's own."""
    if type(data) is PropertyValueColumnData:
        # The same object, because scripts hold it: ``data = source.data``, once, and then ``data["y"] = …``.
        data.__class__ = TrackedData
        vars(data).update(_buffers={}, _logs=weakref.WeakSet())
    return data if type(data) is TrackedData else None


def _grows(held: Array, more: Array) -> bool:
    """Whether appending keeps the dtype of an array of numbers or times."""
    if held.ndim != 1 or more.ndim != 1 or not held.dtype.isnative:
        return False
    if not len(held) or not len(more) or not {held.dtype.kind, more.dtype.kind} <= set("biufmM"):
        return False
    try:
        return bool(np.result_type(held.dtype, more.dtype) == held.dtype)
    except TypeError:
        return False


def _rows(at: Any, rows: int) -> tuple[int, int]:
    """The range of rows that a patch at an index, a slice or a multi-index touches."""
    if isinstance(at, slice):
        touched = range(*at.indices(rows))
        return (touched[0], touched[-1] + 1) if touched else (0, 0)  # Bokeh takes no step back
    row = cast("int", at if isinstance(at, int) else at[0])
    return row, row + 1
