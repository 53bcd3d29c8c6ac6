"""The gallery: what has been published on this server, for everybody."""

from collections.abc import Iterable

from bokeh_wsgi.pages.listing import now_or, row
from bokeh_wsgi.pages.render import render
from bokeh_wsgi.protocol import DEFAULT_USER
from bokeh_wsgi.store import DocumentRecord


def gallery_page(
    mount: str,
    *,
    documents: Iterable[DocumentRecord],
    username: str | None,
    csrf: str,
    now: float | None = None,
) -> str:
    """The gallery as HTML; ``username`` is None or empty for those who are not signed in."""
    moment = now_or(now)
    return render(
        "gallery.html",
        mount=mount,
        csrf=csrf,
        documents=[
            # Its marks would say "public" on each of them.
            {**row(mount, record, moment), "owner": record.owner, "published": False}
            for record in sorted(documents, key=lambda record: record.changed, reverse=True)
        ],
        username=username or "",
        single_user=username == DEFAULT_USER,
    )
