"""`Timers`: when a document's periodic, timeout and next-tick callbacks are due."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bokeh.document import Document
from bokeh.server.callbacks import NextTickCallback, PeriodicCallback, SessionCallback, TimeoutCallback


@dataclass(slots=True)
class _Due:
    callback: SessionCallback
    at: float


class Timers:
    """The schedule of a document's timed callbacks, by the monotonic clock. Used by one thread.

    From `begin` to `end`, ``on_change`` is called by any thread that adds or removes callbacks.
    """

    def __init__(self, document: Document, on_change: Callable[[], None]) -> None:
        self._document = document
        self._on_change = on_change
        self._due: dict[str, _Due] = {}

    def begin(self) -> None:
        self._document.on_change_dispatch_to(self)

    def end(self) -> None:
        self._document.remove_on_change(self)

    # Called by Bokeh

    def _session_callback_added(self, event: Any) -> None:
        self._on_change()

    def _session_callback_removed(self, event: Any) -> None:
        self._on_change()

    def refresh(self) -> None:
        """Update the schedule after callbacks were added or removed."""
        now = time.monotonic()
        there = {callback.id: callback for callback in self._document.session_callbacks}
        self._due = {key: due for key, due in self._due.items() if key in there}
        for key, callback in there.items():
            if key not in self._due:
                self._due[key] = _Due(callback, now + _delay_s(callback))

    @property
    def next_at(self) -> float:
        """When the next callback is due; infinity if there is none."""
        return min((due.at for due in self._due.values()), default=math.inf)

    def take(self) -> list[SessionCallback]:
        """The callbacks that are due, earliest first. A late periodic one is called once."""
        now = time.monotonic()
        taken = sorted((due for due in self._due.values() if due.at <= now), key=lambda due: due.at)
        for due in taken:
            if isinstance(due.callback, PeriodicCallback):
                period_s = max(due.callback.period, 1) / 1000
                due.at += period_s * (math.floor((now - due.at) / period_s) + 1)
            else:
                del self._due[due.callback.id]
        return [due.callback for due in taken]

    def is_on(self, callback: SessionCallback) -> bool:
        """Whether a callback has not been removed."""
        return callback in self._document.session_callbacks


def _delay_s(callback: SessionCallback) -> float:
    if isinstance(callback, PeriodicCallback):
        return callback.period / 1000
    return callback.timeout / 1000 if isinstance(callback, TimeoutCallback) else 0.0


def kind_of(callback: SessionCallback) -> str:
    if isinstance(callback, PeriodicCallback):
        return "periodic callback"
    return "next-tick callback" if isinstance(callback, NextTickCallback) else "timeout callback"
