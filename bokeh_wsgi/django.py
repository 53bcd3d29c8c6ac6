"""Django integration: the plot server uses the accounts of the Django site.

In the site's ``wsgi.py``::

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
    raise ImportError("bokeh_wsgi.django needs Django: pip install django") from error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def identify(environ: "WSGIEnvironment") -> str | None:
    """For ``BokehWSGI(identify=…)``: the user signed in by ``django.contrib.auth``, or None.

    Reads the session without changing it. Thread-safe; closes database connections as the site's settings
    (``CONN_MAX_AGE``) require.
    """
    request = WSGIRequest({**environ})
    # Django's own handler does this at the begin and end of a request.
    close_old_connections()
    try:
        SessionMiddleware(HttpResponse).process_request(request)
        request.session.cycle_key = request.session.flush = _do_nothing
        user = get_user(request)
        return str(user.get_username()) if user.is_authenticated and user.is_active else None
    finally:
        close_old_connections()


def _do_nothing() -> None:
    """Replaces session methods that end it or change its key: the browser would not get the new cookie."""
