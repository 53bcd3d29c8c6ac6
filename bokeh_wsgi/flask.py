"""In a Flask site: the plot server as a Blueprint, and the site's users as its own.

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
    raise ImportError("bokeh_wsgi.flask is for sites that run on Flask: pip install flask") from error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from flask.sansio.blueprints import BlueprintSetupState

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def blueprint(app: "WSGIApplication", name: str = "bokeh") -> flask.Blueprint:
    """A Blueprint that answers everything below its ``url_prefix`` by ``app``, a `BokehWSGI`.

    The site's ``before_request`` and ``after_request`` functions run around it. Unless they do, nobody
    reads a request's body before the app does; nothing of a response is held back.
    """
    made = flask.Blueprint(name, __name__)

    def add_rules(state: "BlueprintSetupState") -> None:
        depth = (state.url_prefix or "").rstrip("/").count("/")

        answer = _Mounted(app, depth)
        for rule in ("/", "/<path:path>"):
            state.add_url_rule(
                rule,
                "app",
                answer,
                methods=METHODS,
                provide_automatic_options=False,
                strict_slashes=False,
                merge_slashes=False,
            )

    made.record(add_rules)
    return made


def comes_without_login() -> bool:
    """Whether a login rule of the site should let this request pass, since the app itself judges it.

    Scripts come with API keys, and the pages of documents, which are shut off from the site and its cookies,
    with tokens; and browsers ask first whether they may send one. Whether it goes by what the request brings
    the app says, which has to be a `BokehWSGI`, without middleware around it: see `BokehWSGI.judges`. False
    for all else. An app of one user has no keys: nothing but a document's token lets pass, to that document.
    """
    request = flask.request
    view = flask.current_app.view_functions.get(request.endpoint or "")
    return isinstance(view, _Mounted) and view.judges(request.environ)


class _Mounted:
    """The view of all below a prefix: the app, whose mount has ``depth`` segments of the path."""

    __name__ = "bokeh_wsgi"  # as every view has one

    def __init__(self, app: "WSGIApplication", depth: int) -> None:
        self._app = app
        self._depth = depth

    def __call__(self, **_: Any) -> Response:
        return _response_of(self._app, _below(flask.request.environ, self._depth))

    def judges(self, environ: "WSGIEnvironment") -> bool:
        judges = getattr(self._app, "judges", None)
        return judges is not None and bool(judges(_below(environ, self._depth)))


def _below(environ: "WSGIEnvironment", depth: int) -> "WSGIEnvironment":
    """The environ with so many segments of its path moved over to where the app is mounted.

    By counting, since the bytes of a path come through Flask changed where they are not UTF-8.
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
    """What the app answers, with no header that it has not."""

    default_mimetype = None
    automatically_set_content_length = False


def _response_of(app: "WSGIApplication", environ: "WSGIEnvironment") -> Response:
    response = _Response.from_app(app, environ)
    response.direct_passthrough = True
    return response


def identify(
    site: flask.Flask, name: Callable[[Any], str] | None = None
) -> Callable[["WSGIEnvironment"], str | None]:
    """For ``BokehWSGI(identify=…)``: who is signed in at ``site`` by Flask-Login, None for nobody.

    ``name`` makes the user's name from ``current_user``; without, it is its ``get_id()``. It must be one that
    never becomes somebody else's: documents are kept under it.
    """
    try:
        from flask_login import current_user
    except ImportError as error:
        raise ImportError("identify() asks Flask-Login who is signed in: pip install flask-login") from error

    def name_of_user() -> str | None:
        if not current_user.is_authenticated or not current_user.is_active:
            return None
        return current_user.get_id() if name is None else name(current_user)

    def identify(environ: "WSGIEnvironment") -> str | None:
        if flask.has_request_context() and flask.current_app == site:
            return name_of_user()
        # Mounted beside the site, as by DispatcherMiddleware. With an application context of its own: that is
        # where Flask-Login keeps who was there last.
        with site.app_context(), site.request_context({**environ}):
            return name_of_user()

    return identify
