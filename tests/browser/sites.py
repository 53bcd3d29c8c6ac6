"""Apps that servers.py starts: a plot server alone, and mounted in sites of others."""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import run_simple

from bokeh_wsgi import BokehWSGI
from tests.mod_wsgi import ModWSGI


def plain() -> Any:
    return BokehWSGI(store=os.environ["STORE"])


def behind_mod_wsgi() -> Any:
    return ModWSGI(plain())


def in_flask() -> Any:
    from flask import Flask

    site = Flask(__name__)

    @site.get("/")
    def home() -> str:
        return "a Flask site"

    site.wsgi_app = DispatcherMiddleware(site.wsgi_app, {"/plots": plain()})  # type: ignore[method-assign]
    return site


def in_blueprint() -> Any:
    from flask import Flask

    from bokeh_wsgi.flask import blueprint

    site = Flask(__name__)
    site.register_blueprint(blueprint(plain()), url_prefix="/plots")
    return site


def walled() -> Any:
    """The Flask example, with a rule that asks for a login on all pages but the first."""
    from flask import abort, request
    from flask_login import current_user

    from bokeh_wsgi.flask import comes_without_login

    sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
    site: Any = import_module("flask_site").site

    def members_only() -> None:
        if request.endpoint not in ("home", "sign_in") and not comes_without_login():
            if not current_user.is_authenticated:
                abort(403)

    site.before_request(members_only)
    return site


def in_django() -> Any:
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    def home(request: HttpRequest) -> HttpResponse:
        return HttpResponse("a Django site")

    urls = type(sys)("urls")
    urls.urlpatterns = [path("", home)]  # type: ignore[attr-defined]
    settings.configure(ROOT_URLCONF=urls, SECRET_KEY="test", ALLOWED_HOSTS=["*"])
    return DispatcherMiddleware(get_wsgi_application(), {"/plots": plain()})


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[2]), globals()[sys.argv[1]](), threaded=True)
