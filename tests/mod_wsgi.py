"""What an app gets from Apache with mod_wsgi that has no ``WSGIPassAuthorization On``."""

from typing import Any


class ModWSGI:
    """Its environ: no ``Authorization``, and values of its own that tell which server it is."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        passed = {name: value for name, value in environ.items() if name != "HTTP_AUTHORIZATION"}
        server = {"mod_wsgi.version": (4, 9, 4), "mod_wsgi.process_group": "plots"}
        return self._app({**passed, **server}, start_response)
