"""The client: a script's `Session` with a plot server."""

from .config import Config as Config
from .publisher import Publisher as Publisher
from .session import DEFAULT_SERVER_URL as DEFAULT_SERVER_URL
from .session import Session as Session
from .transport import HTTPTransport as HTTPTransport
from .transport import Transport as Transport
from .transport import WSGITransport as WSGITransport
