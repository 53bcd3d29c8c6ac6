"""Rows of document lists: titles, links, and readable times and sizes."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bokeh_wsgi.store import DocumentRecord


def row(mount: str, document: DocumentRecord, now: float) -> dict[str, Any]:
    """The template variables of one document."""
    changed = datetime.fromtimestamp(document.changed, UTC)
    return {
        "docid": document.docid,
        "title": document.title or "Untitled",
        "path": f"doc/{quote(document.docid, safe='')}",
        "href": f"{mount}doc/{quote(document.docid, safe='')}",
        "published": document.published,
        "size": size(document.bytes),
        "owner": "",
        "right": "",
        "viewers": "",
        **times(changed, now),
    }


def times(moment: datetime, now: float) -> dict[str, str]:
    """A time as ISO 8601, in full, and relative to now."""
    return {
        "iso": moment.isoformat(timespec="seconds"),
        "exact": moment.strftime("%A, %d %B %Y, %H:%M:%S UTC"),
        "ago": ago(now - moment.timestamp()),
    }


def now_or(now: float | None) -> float:
    return datetime.now(UTC).timestamp() if now is None else now


def ago(seconds: float) -> str:
    """A relative time: ``"just now"``, ``"5 minutes ago"``, ``"yesterday"``."""
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
# As in Intl.RelativeTimeFormat(numeric: "auto"), with which the page updates the texts.
_NAMED = {
    ("year", 1): "last year",
    ("month", 1): "last month",
    ("week", 1): "last week",
    ("day", 1): "yesterday",
}


def size(count: int) -> str:
    """A number of bytes in the largest decimal unit with a value of one or more."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
