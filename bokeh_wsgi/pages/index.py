"""The index: a user's documents and those that others share with them, or how to publish the first one."""

from collections.abc import Iterable
from typing import Any, Protocol

from bokeh_wsgi.auth.names import MAX_TITLE_LENGTH
from bokeh_wsgi.pages.listing import Listed, Owned, newest_first, now_or, row
from bokeh_wsgi.pages.render import render
from bokeh_wsgi.pages.static import BOKEH_VERSION
from bokeh_wsgi.protocol import DEFAULT_USER

RIGHTS = {"read": "can see", "write": "can change"}


class Own(Listed, Protocol):
    """A document in its owner's list; ``viewers`` is how many pages show it now, None if unknown."""

    @property
    def viewers(self) -> int | None: ...


def index_page(
    mount: str,
    *,
    own: Iterable[Own],
    shared: Iterable[tuple[Owned, str]],
    username: str,
    csrf: str,
    root_url: str,
    multi_user: bool,
    gallery: bool,
    site_login: bool = False,
    now: float | None = None,
) -> str:
    """The index as HTML.

    ``shared`` are documents of others, each with this user's right to it: ``"read"`` or ``"write"``.
    ``root_url`` is what a script gives as ``url=`` to publish to this server. ``multi_user``: documents can
    be published and shared; ``gallery``: there is a gallery to link to; ``site_login``: signing in and out
    is the surrounding site's business.
    """
    moment = now_or(now)
    rights = [(record, right) for record, right in shared]
    return render(
        "index.html",
        mount=mount,
        csrf=csrf,
        own=[_own(mount, record, moment) for record in newest_first(own)],
        shared=sorted(
            (_shared(mount, record, right, moment) for record, right in rights),
            key=lambda found: found["iso"],
            reverse=True,
        ),
        # The name of the only user would tell a person nothing.
        username="" if username == DEFAULT_USER else username,
        root_url=root_url,
        multi_user=multi_user,
        gallery=gallery,
        site_login=site_login,
        bokeh_version=BOKEH_VERSION,
        max_title=MAX_TITLE_LENGTH,
    )


def _own(mount: str, record: Own, now: float) -> dict[str, Any]:
    count = record.viewers
    viewers = "" if count is None else f"{count} viewer{'' if count == 1 else 's'}"
    return {**row(mount, record, now), "viewers": viewers}


def _shared(mount: str, record: Owned, right: str, now: float) -> dict[str, Any]:
    return {**row(mount, record, now), "owner": record.owner, "right": RIGHTS.get(right, "")}
