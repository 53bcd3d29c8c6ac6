"""`TrackedData`: the ``data`` of a published source. Records its changes, and streams without copying."""

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
"""Held while columns are changed or read, so that threads may stream while others store or follow.

Never call back while holding it. Lock order: the session's lock, then this one."""


@dataclass(slots=True)
class RowChanges:
    """What `stream` and `patch` did to one column: rows appended, dropped from the front, and written.

    The ranges in ``written`` count rows from the first one at the start, including those dropped since.
    """

    appended: int = 0
    dropped: int = 0
    written: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True, eq=False, weakref_slot=True)
class ColumnLog:
    """The changes of a source's columns since the log was cleared.

    ``needs_compare``: there were others than by `stream` and `patch`, which only a comparison can find.
    """

    changes: dict[str, RowChanges] = field(default_factory=dict)
    needs_compare: bool = False

    def clear(self) -> None:
        self.changes.clear()
        self.needs_compare = False

    def of(self, column: str) -> RowChanges:
        return self.changes.setdefault(column, RowChanges())


class TrackedData(PropertyValueColumnData):
    """Bokeh's container for columns, with methods `stream` and `patch` of the same effect, but whose cost
    depends on the new rows instead of all.

    After `stream`, an array is a view of memory that has room to grow. An array from before shares the memory
    of the rows that both have: values written into one are seen in the other.
    """

    _buffers: dict[str, GrowableBuffer]
    _logs: "weakref.WeakSet[ColumnLog]"

    def log(self) -> ColumnLog:
        """A new log, which records all changes for as long as it is referenced."""
        log = ColumnLog()
        self._logs.add(log)
        return log

    def update(self, *args: Any, **kwargs: Any) -> None:
        """As in Bokeh, but calls back after the lock was released."""
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
        """Drop rows from the front of a column and append to it, in its memory and without events.

        False if that is not possible. The caller holds the lock.
        """
        held: Any = self[name]
        if type(held) is not np.ndarray or not _grows(held, more):
            return False
        keep = len(held) - drop
        del held
        self._append(name, more, keep)
        return True

    def put(self, name: str, values: Any) -> None:
        """Set a column without events; the caller holds the lock."""
        dict.__setitem__(self, name, values)

    def drop(self, name: str) -> None:
        """Remove a column without events; the caller holds the lock."""
        dict.pop(self, name, None)

    def _notify_owners(self, old: Any, hint: DocumentPatchedEvent | None = None) -> None:
        self._ask_to_compare()
        super()._notify_owners(old, hint)

    def _ask_to_compare(self) -> None:
        for log in list(self._logs):
            log.needs_compare = True

    @contextmanager
    def _compared_after_error(self) -> Iterator[None]:
        """An error may leave a part of the change done: so the columns have to be compared."""
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
        with columns_lock, self._compared_after_error():
            # References to the old arrays keep rows from being moved: so only if callbacks need them.
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
        self._notify(old, ColumnsStreamedEvent(doc, source, "data", new_data, rollover, setter))

    def _extend(self, name: str, new: Any, rollover: int | None) -> bool:
        """Stream to a column in its memory; False if that is not possible."""
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
        with columns_lock, self._compared_after_error():
            old = dict(self)
            plain = PropertyValueColumnData(old)
            plain._patch(doc, source, patches, setter)
            for name, patch in patches.items():
                ranges = [_rows(at, len(self[name])) for at, _ in patch]
                for log in self._logs:
                    changes = log.of(name)
                    changes.written += [(changes.dropped + lo, changes.dropped + hi) for lo, hi in ranges]
        self._notify(old, ColumnsPatchedEvent(doc, source, "data", patches, setter))

    def _notify(self, old: Any, hint: DocumentPatchedEvent) -> None:
        """Trigger callbacks and events as Bokeh does, but without comparing all columns with the old ones."""
        for owner, descriptor in self._owners:
            descriptor.property.prepare_value(owner, descriptor.name, self, hint=hint)
            descriptor._trigger(owner, old, self, hint=hint)


def tracked(data: Any) -> TrackedData | None:
    """Turn a source's container of columns into a `TrackedData`, in place; None if it is not Bokeh's."""
    if type(data) is PropertyValueColumnData:
        # The same object, as scripts keep references: ``data = source.data``, and later ``data["y"] = …``.
        data.__class__ = TrackedData
        vars(data).update(_buffers={}, _logs=weakref.WeakSet())
    return data if type(data) is TrackedData else None


def _grows(held: Array, more: Array) -> bool:
    """Whether an array of numbers or times keeps its dtype if these rows are appended."""
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
        return (touched[0], touched[-1] + 1) if touched else (0, 0)  # Bokeh refuses negative steps
    row = cast("int", at if isinstance(at, int) else at[0])
    return row, row + 1
