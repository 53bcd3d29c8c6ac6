"""The client: a script's `Session` with a plot server."""

from .account.account import DEFAULT_SERVER_URL as DEFAULT_SERVER_URL
from .account.config import Config as Config
from .publish.publisher import Publisher as Publisher
from .session import Session as Session
from .transport.http_transport import HTTPTransport as HTTPTransport
from .transport.transport import Transport as Transport
from .transport.wsgi_transport import WSGITransport as WSGITransport
