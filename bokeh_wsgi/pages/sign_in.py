"""The pages to sign in: with a password, a new account, or the one-time code of a signed-in program.

The forms work without JavaScript and with password managers.
"""

from math import ceil

from bokeh_wsgi.auth.passwords import MIN_LENGTH
from bokeh_wsgi.pages.render import render


def login_page(
    mount: str,
    *,
    csrf: str,
    next: str = "",  # noqa: A002 - the name of the field
    message: str = "",
    username: str = "",
    registration: str,
    retry_after: float = 0,
    gallery: bool = False,
) -> str:
    """The login form; ``message`` is the error of the last attempt, ``retry_after`` (seconds) is set after
    too many attempts.

    ``next`` is the local path to redirect to; ``registration`` is ``"open"``, ``"invite"`` or
    ``"closed"``; ``gallery``: link to it.
    """
    return render(
        "login.html",
        mount=mount,
        csrf=csrf,
        next=next,
        message=f"Too many attempts. Try again in {_span(retry_after)}." if retry_after > 0 else message,
        username=username,
        registration=registration,
        gallery=gallery,
    )


def register_page(
    mount: str,
    *,
    csrf: str,
    message: str = "",
    username: str = "",
    invite: str = "",
    registration: str,
) -> str:
    """The form to create an account; ``invite`` is the code from the invitation link."""
    return render(
        "register.html",
        mount=mount,
        csrf=csrf,
        message=message,
        username=username,
        invite=invite,
        registration=registration,
        min_length=MIN_LENGTH,
    )


def code_page(mount: str, *, csrf: str, code: str, username: str) -> str:
    """The page that asks whether to sign in as the user whose program created the ``code``.

    Without a ``code``, a form for it, which the page fills from the URL's fragment.
    """
    return render("code.html", mount=mount, csrf=csrf, code=code, username=username)


def _span(seconds: float) -> str:
    count, unit = (ceil(seconds), "second") if seconds <= 90 else (ceil(seconds / 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
