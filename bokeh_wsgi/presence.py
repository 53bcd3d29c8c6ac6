"""How many pages look at each document, over all processes that share a store."""

import secrets
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, NamedTuple

from bokeh_wsgi.exc import StoreError
from bokeh_wsgi.process import PerProcess
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


class _Looks:
    """Which pages look at which documents by way of one process."""

    def __init__(self) -> None:
        self.process = secrets.token_urlsafe(9)
        self.lock = threading.Lock()
        # By document, reader and name.
        self.pages: dict[str, dict[str, dict[str, _Look]]] = {}
        # What the store was told last, and when.
        self.stored: dict[str, tuple[int, float]] = {}
        self.timer: threading.Timer | None = None

    def note(self, page: Page, docid: str, held: int, until: float) -> bool:
        """Note ``held`` more responses to a page; False if its reader has too many pages to count it."""
        pages = self.pages.setdefault(docid, {}).setdefault(page.reader, {})
        if page.name not in pages:
            _forget_gone(pages, time.monotonic())
        if page.name not in pages and len(pages) >= MAX_PAGES:
            return False
        look = pages.setdefault(page.name, _Look())
        look.held = max(look.held + held, 0)
        look.until = max(look.until, until)
        return True

    def count(self, docid: str) -> int:
        """How many pages are there."""
        now = time.monotonic()
        readers = self.pages.get(docid, {})
        number = 0
        for reader, pages in list(readers.items()):
            _forget_gone(pages, now)
            number += len(pages)
            if not pages:
                del readers[reader]
        if not readers:
            self.pages.pop(docid, None)
        return number

    def next_end_s(self) -> float | None:
        """Seconds until the first of those that no response waits for is gone, unless it comes back."""
        now = time.monotonic()
        gaps = [
            look.until - now
            for readers in self.pages.values()
            for pages in readers.values()
            for look in pages.values()
            if not look.held and look.until > now
        ]
        return min(gaps, default=None)


class Presence:
    """Counts the pages that read through this process, and tells the others by the store.

    ``changed`` is called with the docid whenever this process's number of a document is another one.
    Thread-safe, fork-safe.
    """

    def __init__(self, store: Store, changed: Callable[[str], None]) -> None:
        self._store = store
        self._changed = changed
        self._looks = PerProcess(_Looks)

    def viewers(self, docid: str) -> int:
        """How many pages look at the document now."""
        if self._store.is_shared:
            return self._store.viewers(docid)
        looks = self._looks.now
        with looks.lock:
            return looks.count(docid)

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
        self._update_store(self._looks.now, docids)

    def _note(self, page: Page, docids: Collection[str], held: int, gap_s: float) -> Collection[str]:
        looks = self._looks.now
        until = time.monotonic() + gap_s
        with looks.lock:
            noted = [docid for docid in docids if looks.note(page, docid, held, until)]
            if gap_s:
                self._start_timer(looks, gap_s)
        self._update_store(looks, noted)
        return noted

    def _start_timer(self, looks: _Looks, seconds: float) -> None:
        """Count again after so long, if that will not be done anyway."""
        if looks.timer is None:
            looks.timer = threading.Timer(seconds, self._count_again, [looks])
            looks.timer.daemon = True
            looks.timer.start()

    def _count_again(self, looks: _Looks) -> None:
        with looks.lock:
            docids = list(looks.pages)
            looks.timer = None
            next_end_s = looks.next_end_s()
            if next_end_s is not None:
                self._start_timer(looks, next_end_s + 0.01)
        self._update_store(looks, docids)

    def _update_store(self, looks: _Looks, docids: Collection[str]) -> None:
        """Tell the store the numbers that are other ones, or were last told long ago."""
        changed = []
        for docid in docids:
            now = time.monotonic()
            # A document at a time, so that what the store is told last is what was counted last.
            with looks.lock:
                number = looks.count(docid)
                before, at = looks.stored.get(docid, (0, 0.0))
                if number == before and (not number or now - at < VIEWERS_S / 3):
                    continue
                if number:
                    looks.stored[docid] = number, now
                else:
                    looks.stored.pop(docid, None)
                if self._store.is_shared:
                    try:
                        self._store.set_viewers(docid, looks.process, number)
                    except StoreError:
                        # It is told again when the timer has them counted again.
                        looks.stored.pop(docid, None)
                        self._start_timer(looks, STREAM_GAP_S)
                if number != before:
                    changed.append(docid)
        for docid in changed:
            self._changed(docid)


def _forget_gone(pages: dict[str, _Look], now: float) -> None:
    for name in [name for name, look in pages.items() if not look.held and look.until <= now]:
        del pages[name]
