"""`Replies`: stores what callbacks changed, at a cost that depends on what they changed."""

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
"""After this long without changes, the whole document is compared, as Bokeh does not report all changes."""
SHARE: Final = 0.01
"""Before that, comparing the whole document may take this share of the time."""
COLUMNS_SHARE: Final = 0.05
"""The share of the time that comparing all columns may take."""
ATTEMPTS: Final = 3
"""How often a step is based on what others did meanwhile, before callbacks are called for that."""
AGAIN_S: Final = 0.03
"""When to try again then."""


class Replies:
    """Stores a followed document.

    Compares only columns, and the models of which Bokeh has reported a change. ``full_scan_at`` (monotonic
    clock) is when to compare the whole document.
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
        """Send all that changed as one change, if something did; after a conflict, try again."""
        stores = self._stores
        with stores.lock:
            if stores.is_closed:
                # A callback has changed the session to another document.
                return
            step = _StepMaker(self, self._dirty, whole or self._whole.allows(IDLE_S))
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
        """The step for the ``dirty`` models, or for the ``whole`` document."""
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
        """All sources of the document, or only those that are known to have changed."""
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
    """Creates a step at each call; ``count`` says up to which reported change it goes."""

    def __init__(self, replies: Replies, dirty_models: DirtyModels, whole: bool) -> None:
        self._replies = replies
        self._dirty_models = dirty_models
        self.is_whole = whole
        self.count = 0

    def __call__(self) -> Step | None:
        dirty = self._dirty_models.dirty()
        self.count = dirty.count
        self.is_whole |= dirty.is_whole
        return self._replies.make(dirty, self.is_whole)


class _Budget:
    """Limits the share of the time that something takes, by how long ago it was done and what it cost."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._at = self._cost_s = 0.0

    def allows(self, least_s: float = 0.0) -> bool:
        return time.monotonic() - self._at >= max(least_s, self._cost_s / self._share - self._cost_s)

    def note(self, begun: float) -> None:
        self._at = time.monotonic()
        self._cost_s = self._at - begun
