"""How many pages look at each document, over all processes that share a store."""

import os
import secrets
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, NamedTuple

from bokeh_wsgi.exc import StoreError
from bokeh_wsgi.store import VIEWERS_S, Store

STREAM_GAP_S: Final = 1.0
"""A page whose stream was cut comes back within this, and has not been away."""
POLL_GAP_S: Final = 12.0
"""And one that polls: a page that nobody sees asks every five seconds."""
MAX_PAGES: Final = 4
"""Of one reader at one document: pages name themselves, and one token may have been given to several."""


class Page(NamedTuple):
    """One page: whose it is, as far as the server can tell, and the name that it has for itself."""

    reader: str
    name: str


@dataclass(slots=True)
class _Look:
    """One page at one document: ``held`` responses wait for it, or it was here not long before ``until``."""

    held: int = 0
    until: float = 0.0


class Presence:
    """Counts the pages that read through this process, and tells the others by the store.

    ``changed`` is called with the docid whenever this process's number of a document is another one.
    Thread-safe, fork-safe.
    """

    def __init__(self, store: Store, changed: Callable[[str], None]) -> None:
        self._store = store
        self._changed = changed
        self._start_anew()

    def _start_anew(self) -> None:
        self._pid = os.getpid()
        self._process = secrets.token_urlsafe(9)
        self._lock = threading.Lock()
        # By document, reader and name.
        self._looks: dict[str, dict[str, dict[str, _Look]]] = {}
        # What the store was told last, and when.
        self._told: dict[str, tuple[int, float]] = {}
        self._timer: threading.Timer | None = None

    def viewers(self, docid: str) -> int:
        """How many pages look at the document now."""
        if self._store.is_shared:
            return self._store.viewers(docid)
        with self._lock_of_this_process():
            return self._present(docid, time.monotonic())

    def came(self, page: Page, docids: Collection[str]) -> Collection[str]:
        """A response to this page is held open from now on; at which documents it counts."""
        return self._note(page, docids, 1, 0.0)

    def went(self, page: Page, docids: Collection[str], *, polls: bool) -> None:
        """It has ended, at documents where it counted."""
        self._note(page, docids, -1, POLL_GAP_S if polls else STREAM_GAP_S)

    def passed_by(self, page: Page, docids: Collection[str]) -> None:
        """The page has got its answer at once, and will soon ask again."""
        self._note(page, docids, 0, POLL_GAP_S)

    def stays(self, docids: Collection[str]) -> None:
        """Held responses are still open: what the store was told holds for a while longer."""
        self._tell(docids)

    def _note(self, page: Page, docids: Collection[str], held: int, gap_s: float) -> Collection[str]:
        now = time.monotonic()
        noted = []
        with self._lock_of_this_process():
            for docid in docids:
                pages = self._looks.setdefault(docid, {}).setdefault(page.reader, {})
                if page.name not in pages:
                    _forget_gone(pages, now)
                if page.name not in pages and len(pages) >= MAX_PAGES:
                    continue
                look = pages.setdefault(page.name, _Look())
                look.held = max(look.held + held, 0)
                look.until = max(look.until, now + gap_s)
                noted.append(docid)
            if gap_s and self._timer is None:
                self._wait(gap_s)
        self._tell(noted)
        return noted

    def _wait(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._look_around)
        self._timer.daemon = True
        self._timer.start()

    def _look_around(self) -> None:
        """See who has not come back."""
        now = time.monotonic()
        with self._lock:
            docids = list(self._looks)
            gaps = [
                look.until - now
                for readers in self._looks.values()
                for pages in readers.values()
                for look in pages.values()
                if not look.held and look.until > now
            ]
            self._timer = None
            if gaps:
                self._wait(min(gaps) + 0.01)
        self._tell(docids)

    def _present(self, docid: str, now: float) -> int:
        """How many pages are there."""
        readers = self._looks.get(docid, {})
        number = 0
        for reader, pages in list(readers.items()):
            _forget_gone(pages, now)
            number += len(pages)
            if not pages:
                del readers[reader]
        if not readers:
            self._looks.pop(docid, None)
        return number

    def _tell(self, docids: Collection[str]) -> None:
        now = time.monotonic()
        changed = []
        for docid in docids:
            # A document at a time, so that what the store is told last is what was counted last.
            with self._lock_of_this_process():
                number = self._present(docid, now)
                before, at = self._told.get(docid, (0, 0.0))
                if number == before and (not number or now - at < VIEWERS_S / 3):
                    continue
                if number:
                    self._told[docid] = number, now
                else:
                    self._told.pop(docid, None)
                if self._store.is_shared:
                    try:
                        self._store.set_viewers(docid, self._process, number)
                    except StoreError:
                        # It is told again with the next look around.
                        self._told.pop(docid, None)
                        if self._timer is None:
                            self._wait(STREAM_GAP_S)
                if number != before:
                    changed.append(docid)
        for docid in changed:
            self._changed(docid)

    def _lock_of_this_process(self) -> threading.Lock:
        if os.getpid() != self._pid:
            self._start_anew()
        return self._lock


def _forget_gone(pages: dict[str, _Look], now: float) -> None:
    for name in [name for name, look in pages.items() if not look.held and look.until <= now]:
        del pages[name]
