"""Counts the viewers of each document, over all processes that share a store."""

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
"""A page whose stream was cut is counted for this long, so that it can reconnect."""
POLL_GAP_S: Final = 12.0
"""The same for a page that polls: hidden pages poll every five seconds."""
MAX_PAGES: Final = 4
"""The most pages counted per reader and document: pages choose their names, so a client could invent many."""


class Page(NamedTuple):
    """An open page: its reader (a user or token), and the random name that it sends."""

    reader: str
    name: str


@dataclass(slots=True)
class _View:
    """One page at one document: it counts while ``open`` responses are held for it, and until ``until``."""

    open: int = 0
    until: float = 0.0


class _Views:
    """The pages that this process counts, by document."""

    def __init__(self) -> None:
        self.process = secrets.token_urlsafe(9)
        self.lock = threading.Lock()
        # By docid, reader and page name.
        self.pages: dict[str, dict[str, dict[str, _View]]] = {}
        # Last number written to the store, and when, by docid.
        self.stored: dict[str, tuple[int, float]] = {}
        self.timer: threading.Timer | None = None

    def add(self, page: Page, docid: str, responses: int, until: float) -> bool:
        """Add to the open responses of a page; False if its reader has too many pages to count it."""
        pages = self.pages.setdefault(docid, {}).setdefault(page.reader, {})
        if page.name not in pages:
            _forget_gone(pages, time.monotonic())
        if page.name not in pages and len(pages) >= MAX_PAGES:
            return False
        view = pages.setdefault(page.name, _View())
        view.open = max(view.open + responses, 0)
        view.until = max(view.until, until)
        return True

    def count(self, docid: str) -> int:
        """The number of viewers of a document."""
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
        """Seconds until the next page without an open response stops to count."""
        now = time.monotonic()
        gaps = [
            view.until - now
            for readers in self.pages.values()
            for pages in readers.values()
            for view in pages.values()
            if not view.open and view.until > now
        ]
        return min(gaps, default=None)


class Presence:
    """Counts the viewers in this process, and shares the numbers through the store.

    Calls ``changed`` with the docid when this process's number of viewers of a document changes.
    Thread-safe, fork-safe.
    """

    def __init__(self, store: Store, changed: Callable[[str], None]) -> None:
        self._store = store
        self._changed = changed
        self._views = PerProcess(_Views)

    def viewers(self, docid: str) -> int:
        """The number of viewers of a document, over all processes."""
        if self._store.is_shared:
            return self._store.viewers(docid)
        views = self._views.now
        with views.lock:
            return views.count(docid)

    def came(self, page: Page, docids: Collection[str]) -> Collection[str]:
        """Count a response that opens for a page; returns the documents at which it counts."""
        return self._note(page, docids, 1, 0.0)

    def went(self, page: Page, docids: Collection[str], *, polls: bool) -> None:
        """End a counted response, at the documents that `came` returned."""
        self._note(page, docids, -1, POLL_GAP_S if polls else STREAM_GAP_S)

    def passed_by(self, page: Page, docids: Collection[str]) -> None:
        """Count a page that polls and got its response at once."""
        self._note(page, docids, 0, POLL_GAP_S)

    def stays(self, docids: Collection[str]) -> None:
        """Renew the numbers in the store, which expire, while responses stay open."""
        self._update_store(self._views.now, docids)

    def _note(self, page: Page, docids: Collection[str], responses: int, gap_s: float) -> Collection[str]:
        views = self._views.now
        until = time.monotonic() + gap_s
        with views.lock:
            counted = [docid for docid in docids if views.add(page, docid, responses, until)]
            if gap_s:
                self._start_timer(views, gap_s)
        self._update_store(views, counted)
        return counted

    def _start_timer(self, views: _Views, seconds: float) -> None:
        """Start a timer that counts again, unless one runs."""
        if views.timer is None:
            views.timer = threading.Timer(seconds, self._count_again, [views])
            views.timer.daemon = True
            views.timer.start()

    def _count_again(self, views: _Views) -> None:
        with views.lock:
            docids = list(views.pages)
            views.timer = None
            next_end_s = views.next_end_s()
            if next_end_s is not None:
                self._start_timer(views, next_end_s + 0.01)
        self._update_store(views, docids)

    def _update_store(self, views: _Views, docids: Collection[str]) -> None:
        """Write the numbers to the store that changed, or that would expire."""
        changed = []
        for docid in docids:
            now = time.monotonic()
            # Count and write under the lock, so that the store ends with the latest number.
            with views.lock:
                number = views.count(docid)
                before, at = views.stored.get(docid, (0, 0.0))
                if number == before and (not number or now - at < VIEWERS_S / 3):
                    continue
                if number:
                    views.stored[docid] = number, now
                else:
                    views.stored.pop(docid, None)
                if self._store.is_shared:
                    try:
                        self._store.set_viewers(docid, views.process, number)
                    except StoreError:
                        # The timer tries again.
                        views.stored.pop(docid, None)
                        self._start_timer(views, STREAM_GAP_S)
                if number != before:
                    changed.append(docid)
        for docid in changed:
            self._changed(docid)


def _forget_gone(pages: dict[str, _View], now: float) -> None:
    for name in [name for name, view in pages.items() if not view.open and view.until <= now]:
        del pages[name]
