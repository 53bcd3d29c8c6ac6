"""Flask integration: the plot server as a Blueprint, with the accounts of the Flask site.

::

    plots = BokehWSGI(identify=bokeh_wsgi.flask.identify(site))
    site.register_blueprint(bokeh_wsgi.flask.blueprint(plots), url_prefix="/bokeh")
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

try:
    import flask
except ImportError as error:
    raise ImportError("bokeh_wsgi.flask needs Flask: pip install flask") from error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from flask.sansio.blueprints import BlueprintSetupState

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def blueprint(app: "WSGIApplication", name: str = "bokeh") -> flask.Blueprint:
    """A Blueprint that passes every request below its ``url_prefix`` to ``app``, a `BokehWSGI`.

    The site's ``before_request`` and ``after_request`` functions run around it. The Blueprint itself neither
    reads the body of a request nor buffers a response.
    """
    created = flask.Blueprint(name, __name__)

    def add_rules(state: "BlueprintSetupState") -> None:
        depth = (state.url_prefix or "").rstrip("/").count("/")
        mounted = _MountedApp(app, depth)
        for rule in ("/", "/<path:path>"):
            state.add_url_rule(
                rule,
                "app",
                mounted,
                methods=METHODS,
                provide_automatic_options=False,
                strict_slashes=False,
                merge_slashes=False,
            )

    created.record(add_rules)
    return created


def comes_without_login() -> bool:
    """Whether a login rule of the site should let this request pass, since the app checks its credentials.

    Scripts send API keys, and document pages, which cannot use the site's cookies, send tokens, after a CORS
    preflight. `BokehWSGI.judges` decides, so the app must be a `BokehWSGI` without middleware. Returns False
    for all other requests. A single-user app has no keys, only tokens of documents.
    """
    request = flask.request
    view = flask.current_app.view_functions.get(request.endpoint or "")
    return isinstance(view, _MountedApp) and view.judges(request.environ)


class _MountedApp:
    """The Flask view of the app, whose mount is the first ``depth`` segments of the path."""

    __name__ = "bokeh_wsgi"  # Flask requires it of a view

    def __init__(self, app: "WSGIApplication", depth: int) -> None:
        self._app = app
        self._depth = depth

    def __call__(self, **_: Any) -> Response:
        return _response_of(self._app, _below(flask.request.environ, self._depth))

    def judges(self, environ: "WSGIEnvironment") -> bool:
        judges = getattr(self._app, "judges", None)
        return judges is not None and bool(judges(_below(environ, self._depth)))


def _below(environ: "WSGIEnvironment", depth: int) -> "WSGIEnvironment":
    """The environ with the first ``depth`` segments of PATH_INFO moved to SCRIPT_NAME.

    It counts segments, since Flask changes bytes of a path that are not UTF-8.
    """
    path = environ.get("PATH_INFO", "")
    end = -1
    for _ in range(depth + 1):
        end = path.find("/", end + 1)
        if end < 0:
            end = len(path)
            break
    return {**environ, "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + path[:end], "PATH_INFO": path[end:]}


class _Response(flask.Response):
    """A Flask response that adds no headers to those of the app."""

    default_mimetype = None
    automatically_set_content_length = False


def _response_of(app: "WSGIApplication", environ: "WSGIEnvironment") -> Response:
    response = _Response.from_app(app, environ)
    response.direct_passthrough = True
    return response


def identify(
    site: flask.Flask, name: Callable[[Any], str] | None = None
) -> Callable[["WSGIEnvironment"], str | None]:
    """A function for ``BokehWSGI(identify=…)``: the user signed in at ``site`` by Flask-Login, or None.

    ``name`` returns the user name of ``current_user``; the default is its ``get_id()``. A name must never be
    reused for another person: documents are stored under it.
    """
    try:
        from flask_login import current_user
    except ImportError as error:
        raise ImportError("identify() needs Flask-Login: pip install flask-login") from error

    def name_of_user() -> str | None:
        if not current_user.is_authenticated or not current_user.is_active:
            return None
        return current_user.get_id() if name is None else name(current_user)

    def identify(environ: "WSGIEnvironment") -> str | None:
        if flask.has_request_context() and flask.current_app == site:
            return name_of_user()
        # The app is mounted beside the site, as by DispatcherMiddleware. It needs a new application context,
        # since Flask-Login caches the user there.
        with site.app_context(), site.request_context({**environ}):
            return name_of_user()

    return identify
