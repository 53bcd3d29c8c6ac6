"""A throw-away stand-in until the server has the routes of embed tags."""

import re
import threading
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

import bokeh_wsgi
from bokeh_wsgi import BokehWSGI
from bokeh_wsgi.auth.policy import Identity, Policy
from bokeh_wsgi.exc import AccessDenied

AUTOLOAD = Path(bokeh_wsgi.__file__).parent / "static" / "autoload.js"


class ManyTokens(Policy):
    def require_read(self, request: Request, docid: str) -> Identity:
        header = request.headers.get("Authorization", "")
        if "," not in header and not header:
            return super().require_read(request, docid)
        for token in header.removeprefix("Bearer ").split(","):
            found, user, left = self.tokens.read(token)
            if found == docid:
                return Identity(user, docid, left)
        raise AccessDenied("no token", forbidden=False)


class EmbedServer:
    def __init__(self) -> None:
        self.app = BokehWSGI(store="memory:")
        object.__setattr__(self.app.context, "policy", ManyTokens(self.app.context.policy.tokens))
        self._server = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/autoload.js":
            response = Response(AUTOLOAD.read_bytes(), mimetype="text/javascript")
            response.headers["Access-Control-Allow-Origin"] = "*"
            return response(environ, start_response)
        return self.app(environ, start_response)

    def stop(self) -> None:
        self.app.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def token_in(html: str) -> str:
    found = re.search(r'"token":"([^"]+)"', html)
    assert found
    return found[1]
