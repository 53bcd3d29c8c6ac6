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
# Nothing of anybody's is below these.
_PUBLIC = ("static/", "autoload.js", "ping", "favicon.ico")


def blueprint(app: "WSGIApplication", name: str = "bokeh") -> flask.Blueprint:
    """A Blueprint that answers everything below its ``url_prefix`` by ``app``, a `BokehWSGI`.

    The site's ``before_request`` and ``after_request`` functions run around it. Unless they do, nobody
    reads a request's body before the app does; nothing of a response is held back.
    """
    made = flask.Blueprint(name, __name__)

    def add_rules(state: "BlueprintSetupState") -> None:
        depth = (state.url_prefix or "").rstrip("/").count("/")

        def answer(**_: Any) -> Response:
            return _response_of(app, _below(flask.request.environ, depth))

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
    """Whether a login rule of the site should let this request pass, since it is for the app to judge.

    Scripts come with API keys, and the pages of documents, which are shut off from the site and its cookies,
    with tokens; and browsers ask first whether they may send one. False for all that is not the app's.
    """
    request = flask.request
    view = flask.current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "__module__", "") != __name__:
        return False
    path = (request.view_args or {}).get("path", "")
    has_key = any(
        name in request.headers for name in ("Authorization", "Document-Token", "BOKEHUSER-API-KEY")
    )
    has_credentials = has_key or "token" in request.args
    return has_credentials or request.method == "OPTIONS" or path.startswith(_PUBLIC)


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
