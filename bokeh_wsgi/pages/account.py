"""The account page: API keys, logins of browsers, and the password."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bokeh_wsgi.auth.passwords import MIN_LENGTH
from bokeh_wsgi.pages.listing import now_or, times
from bokeh_wsgi.pages.render import render
from bokeh_wsgi.store import Credential


def account_page(
    mount: str,
    *,
    username: str,
    csrf: str,
    keys: Iterable[Credential],
    current: str = "",
    site_login: bool = False,
    message: str = "",
    new_key: str | None = None,
    notice: str = "",
    now: float | None = None,
) -> str:
    """The account page as HTML; ``current`` is the id of the key or login of this request.

    ``message`` is an error about the password, ``notice`` a success message; ``new_key`` is a new key, which
    is shown only once. ``site_login``: the surrounding site has the passwords and logins.
    """
    moment = now_or(now)
    listed = sorted(keys, key=lambda key: key.created, reverse=True)
    return render(
        "account.html",
        mount=mount,
        csrf=csrf,
        username=username,
        keys=[_row(mount, key, current, moment) for key in listed if key.kind == "key"],
        logins=[_row(mount, key, current, moment) for key in listed if key.kind == "login"],
        site_login=site_login,
        message=message,
        notice=notice,
        new_key=new_key or "",
        min_length=MIN_LENGTH,
    )


def _row(mount: str, key: Credential, current: str, now: float) -> dict[str, Any]:
    return {
        "id": key.id,
        "href": f"{mount}keys/{quote(key.id, safe='')}",
        "name": key.name or "Unnamed",
        "current": key.id == current,
        **times(datetime.fromtimestamp(key.created, UTC), now),
    }
