"""What the routes of one `BokehWSGI` share."""

from dataclasses import dataclass

from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Request

from bokeh_wsgi.auth import Policy
from bokeh_wsgi.hub import Hub
from bokeh_wsgi.models import Folder, Library, Limits
from bokeh_wsgi.store import Store

from .streams import Streams


@dataclass(frozen=True, slots=True)
class Context:
    store: Store
    hub: Hub
    library: Library
    folder: Folder
    policy: Policy
    limits: Limits
    streams: Streams
    heartbeat_s: float


def mount_of(request: Request) -> str:
    """The path that every link of this server starts with: where it is mounted, with a slash at its end."""
    return iri_to_uri(request.root_path).rstrip("/") + "/"
