"""The index page: a user's documents and those shared with them, or how to publish a first one."""

from collections.abc import Iterable
from typing import Any, TypeVar

from bokeh_wsgi.auth.names import MAX_TITLE_LENGTH
from bokeh_wsgi.page_files import BOKEH_VERSION
from bokeh_wsgi.pages.listing import now_or, row
from bokeh_wsgi.pages.render import render
from bokeh_wsgi.protocol import DEFAULT_USER
from bokeh_wsgi.store import DocumentRecord

T = TypeVar("T")

RIGHTS = {"read": "can see", "write": "can change"}


def index_page(
    mount: str,
    *,
    own: Iterable[tuple[DocumentRecord, int | None]],
    shared: Iterable[tuple[DocumentRecord, str]],
    username: str,
    csrf: str,
    root_url: str,
    multi_user: bool,
    gallery: bool,
    site_login: bool = False,
    now: float | None = None,
) -> str:
    """The index as HTML.

    ``own`` are the user's documents, each with its number of viewers (None: unknown); ``shared`` those of
    others, each with this user's right: ``"read"`` or ``"write"``. ``root_url`` is the ``url=`` with which
    scripts publish to this server. ``multi_user``: documents can be published and shared; ``gallery``:
    link to it; ``site_login``: the surrounding site signs users in and out.
    """
    moment = now_or(now)
    return render(
        "index.html",
        mount=mount,
        csrf=csrf,
        own=[_own(mount, record, viewers, moment) for record, viewers in _newest_first(own)],
        shared=[_shared(mount, record, right, moment) for record, right in _newest_first(shared)],
        # The name of the only user is not informative.
        username="" if username == DEFAULT_USER else username,
        root_url=root_url,
        multi_user=multi_user,
        gallery=gallery,
        site_login=site_login,
        bokeh_version=BOKEH_VERSION,
        max_title=MAX_TITLE_LENGTH,
    )


def _newest_first(documents: Iterable[tuple[DocumentRecord, T]]) -> list[tuple[DocumentRecord, T]]:
    return sorted(documents, key=lambda pair: pair[0].changed, reverse=True)


def _own(mount: str, record: DocumentRecord, viewers: int | None, now: float) -> dict[str, Any]:
    text = "" if viewers is None else f"{viewers} viewer{'' if viewers == 1 else 's'}"
    return {**row(mount, record, now), "viewers": text}


def _shared(mount: str, record: DocumentRecord, right: str, now: float) -> dict[str, Any]:
    return {**row(mount, record, now), "owner": record.owner, "right": RIGHTS.get(right, "")}
