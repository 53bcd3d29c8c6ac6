"""Signing in: with a password, with a new account, or with the code of a program that is signed in already.

Every form works without JavaScript, and names its fields so that password managers know them.
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
    """The login form; ``message`` says why the last try failed, ``retry_after`` (seconds) that
    there were too many.

    ``next`` is the local path to go to afterwards; ``registration`` is ``"open"``, ``"invite"`` or
    ``"closed"``; ``gallery``: there is one to look at without signing in.
    """
    return render(
        "login.html",
        mount=mount,
        csrf=csrf,
        next=next,
        message=f"Too many tries. Try again in {_span(retry_after)}." if retry_after > 0 else message,
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
    """The form that makes an account; ``invite`` is the code that came with the link."""
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
    """Asks whether this browser shall be signed in as the user whose program made the code.

    Without a ``code``: takes the one that is in the address after the ``#``, or that is pasted, to ask about.
    """
    return render("code.html", mount=mount, csrf=csrf, code=code, username=username)


def _span(seconds: float) -> str:
    count, unit = (ceil(seconds), "second") if seconds <= 90 else (ceil(seconds / 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
