"""The gallery page: the published documents of all users."""

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
    """The gallery as HTML; ``username`` is None or empty without a login."""
    moment = now_or(now)
    return render(
        "gallery.html",
        mount=mount,
        csrf=csrf,
        documents=[
            # Without the label "Public", which every row would have.
            {**row(mount, record, moment), "owner": record.owner, "published": False}
            for record in sorted(documents, key=lambda record: record.changed, reverse=True)
        ],
        username=username or "",
        single_user=username == DEFAULT_USER,
    )
