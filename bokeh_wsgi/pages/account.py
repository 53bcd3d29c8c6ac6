"""The account: keys for programs, browsers that are signed in, and the password."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote

from bokeh_wsgi.auth.passwords import MIN_LENGTH
from bokeh_wsgi.pages.listing import now_or, times
from bokeh_wsgi.pages.render import render


class Kept(Protocol):
    """A way in: ``kind`` ``"key"`` (of a program) or ``"login"`` (of a browser); ``created`` a Unix time.

    ``current``: the request for this page came with it.
    """

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def created(self) -> float: ...
    @property
    def current(self) -> bool: ...


def account_page(
    mount: str,
    *,
    username: str,
    csrf: str,
    keys: Iterable[Kept],
    site_login: bool = False,
    message: str = "",
    new_key: str | None = None,
    notice: str = "",
    now: float | None = None,
) -> str:
    """The account as HTML.

    ``message`` says why the password was not changed, ``notice`` what was done; ``new_key`` is the text of a
    key that was just made, which is shown this once. ``site_login``: there are no passwords and logins here.
    """
    moment = now_or(now)
    listed = sorted(keys, key=lambda key: key.created, reverse=True)
    return render(
        "account.html",
        mount=mount,
        csrf=csrf,
        username=username,
        keys=[_row(mount, key, moment) for key in listed if key.kind == "key"],
        logins=[_row(mount, key, moment) for key in listed if key.kind == "login"],
        site_login=site_login,
        message=message,
        notice=notice,
        new_key=new_key or "",
        min_length=MIN_LENGTH,
    )


def _row(mount: str, key: Kept, now: float) -> dict[str, Any]:
    return {
        "id": key.id,
        "href": f"{mount}keys/{quote(key.id, safe='')}",
        "name": key.name or "Unnamed",
        "current": key.current,
        **times(datetime.fromtimestamp(key.created, UTC), now),
    }
