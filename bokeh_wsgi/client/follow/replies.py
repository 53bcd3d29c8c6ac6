"""Sends what callbacks changed, at the cost of what they changed."""

import math
import time
from collections.abc import Iterator
from typing import Final

from bokeh.document import Document
from bokeh.model import Model
from bokeh.models.sources import ColumnarDataSource

from bokeh_wsgi.client.columns.source_data import columns_of
from bokeh_wsgi.client.publish.dirty_models import Dirty, DirtyModels
from bokeh_wsgi.client.publish.steps import Step
from bokeh_wsgi.client.publish.store_loop import StoreLoop
from bokeh_wsgi.exc import Conflict

IDLE_S: Final = 0.3
"""After so long without news, the whole document is looked through for what Bokeh does not tell of."""
SHARE: Final = 0.01
"""Until then, that takes this share of the time at most."""
COLUMNS_SHARE: Final = 0.05
"""And comparing all columns this one."""
ATTEMPTS: Final = 3
AGAIN_S: Final = 0.03
"""So often a step is put on top of what others did; then those are heard, and it is tried again."""


class Replies:
    """Stores a document that is followed. ``full_scan_at``: when to look through all of it (monotonic clock).

    Models of which Bokeh told a change are looked at, and columns; now and then all.
    """

    def __init__(self, stores: StoreLoop, document: Document, dirty: DirtyModels) -> None:
        self.full_scan_at = math.inf
        self._stores = stores
        self._document = document
        self._dirty = dirty
        self._publisher = stores.publisher
        self._whole = _Budget(SHARE)
        self._columns = _Budget(COLUMNS_SHARE)

    def store(self, *, whole: bool = False) -> None:
        """Send what changed as one change, if something did; made anew where others were faster."""
        stores = self._stores
        with stores.lock:
            if stores.is_closed:
                # A callback has made the session use another document.
                return
            step = _StepMaker(self, whole or self._whole.allows(IDLE_S))
            self.full_scan_at = time.monotonic() + IDLE_S
            try:
                stores.store(step, ATTEMPTS)
            except Conflict:
                self.full_scan_at = time.monotonic() + AGAIN_S
                return
            self._dirty.stored(step.count)
            if step.is_whole:
                self.full_scan_at = math.inf

    def make(self, dirty: Dirty, whole: bool) -> Step | None:
        begun = time.monotonic()
        publisher = self._publisher
        if whole:
            step = publisher.document_step(self._document)
            self._whole.note(begun)
            return step
        every = self._columns.allows()
        step = publisher.models_step(dirty.models, self._sources(every))
        if every:
            self._columns.note(begun)
        return step

    def _sources(self, every: bool) -> Iterator[Model]:
        """All sources of the document, or those of which a change is known."""
        publisher = self._publisher
        for model in self._document.models:
            if not isinstance(model, ColumnarDataSource):
                continue
            data = columns_of(model)
            if every or (
                data is not None and publisher.columns.is_touched(publisher.ownership.wire_of(model), data)
            ):
                yield model


class _StepMaker:
    """Makes the step when it is asked to, and remembers of which edits."""

    def __init__(self, answers: Replies, whole: bool) -> None:
        self._answers = answers
        self.is_whole = whole
        self.count = 0

    def __call__(self) -> Step | None:
        marked = self._answers._dirty.dirty()
        self.count = marked.count
        self.is_whole |= marked.is_whole
        return self._answers.make(marked, self.is_whole)


class _Budget:
    """Says whether something was long enough ago for what it cost."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._at = self._cost_s = 0.0

    def allows(self, least_s: float = 0.0) -> bool:
        return time.monotonic() - self._at >= max(least_s, self._cost_s / self._share - self._cost_s)

    def note(self, begun: float) -> None:
        self._at = time.monotonic()
        self._cost_s = self._at - begun
