"""The index: a user's documents, newest change first, or how to publish the first one."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote

from bokeh_wsgi.pages.render import render

SINGLE_USER = "defaultuser"
"""Name of the one user of a server without accounts: it would tell a person nothing."""


class Listed(Protocol):
    """What the index shows of a document; ``changed`` in seconds since 1970."""

    @property
    def docid(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def changed(self) -> float: ...
    @property
    def bytes(self) -> int: ...


def index_page(
    mount: str,
    documents: Iterable[Listed],
    username: str | None,
    *,
    root_url: str = "http://localhost:5006/",
    now: float | None = None,
) -> str:
    """The index as HTML; ``root_url`` is what a script gives as ``url=`` to publish to this server."""
    moment = datetime.now(UTC).timestamp() if now is None else now
    newest_first = sorted(documents, key=lambda document: document.changed, reverse=True)
    return render(
        "index.html",
        mount=mount,
        documents=[_row(mount, document, moment) for document in newest_first],
        username="" if username == SINGLE_USER else username,
        root_url=root_url,
    )


def _row(mount: str, document: Listed, now: float) -> dict[str, Any]:
    href = f"{mount}doc/{quote(document.docid, safe='')}"
    changed = datetime.fromtimestamp(document.changed, UTC)
    return {
        "docid": document.docid,
        "title": document.title or "Untitled",
        "href": href,
        "delete_href": href,
        "iso": changed.isoformat(timespec="seconds"),
        "exact": changed.strftime("%A, %d %B %Y, %H:%M:%S UTC"),
        "ago": ago(now - document.changed),
        "size": size(document.bytes),
    }


def ago(seconds: float) -> str:
    """A time span as people say it: ``"just now"``, ``"5 minutes ago"``, ``"yesterday"``."""
    for name, length in STEPS:
        count = int(seconds // length)
        if count >= 1:
            return _NAMED.get((name, count)) or f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


STEPS = (
    ("year", 31_536_000),
    ("month", 2_592_000),
    ("week", 604_800),
    ("day", 86_400),
    ("hour", 3_600),
    ("minute", 60),
)
# As Intl.RelativeTimeFormat(numeric: "auto") says it, which takes over in the page.
_NAMED = {
    ("year", 1): "last year",
    ("month", 1): "last month",
    ("week", 1): "last week",
    ("day", 1): "yesterday",
}


def size(count: int) -> str:
    """A number of bytes in the largest decimal unit that leaves one or more of it."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
