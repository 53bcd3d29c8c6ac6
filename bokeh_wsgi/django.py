"""In a Django site: the site's users as those of the plot server.

In its ``wsgi.py``::

    plots = BokehWSGI(identify=bokeh_wsgi.django.identify)
    application = DispatcherMiddleware(get_wsgi_application(), {"/bokeh": plots})
"""

from typing import TYPE_CHECKING

try:
    from django.contrib.auth import get_user
    from django.contrib.sessions.middleware import SessionMiddleware
    from django.core.handlers.wsgi import WSGIRequest
    from django.db import close_old_connections
    from django.http import HttpResponse
except ImportError as error:
    raise ImportError("bokeh_wsgi.django is for sites that run on Django: pip install django") from error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def identify(environ: "WSGIEnvironment") -> str | None:
    """For ``BokehWSGI(identify=…)``: who is signed in by ``django.contrib.auth``, None for nobody.

    Looks at the site's session and changes nothing in it. Thread-safe; leaves no database connection open
    longer than the site's settings let one be.
    """
    request = WSGIRequest({**environ})
    # As at a request's begin and end, which Django's own handler would have told.
    close_old_connections()
    try:
        SessionMiddleware(HttpResponse).process_request(request)
        request.session.cycle_key = request.session.flush = _do_nothing
        user = get_user(request)
        return str(user.get_username()) if user.is_authenticated and user.is_active else None
    finally:
        close_old_connections()


def _do_nothing() -> None:
    """In place of what ends a session or gives it another key, of which the browser would not be told."""
