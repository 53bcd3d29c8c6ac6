"""The client: a script's `Session` with a plot server."""

from .account import DEFAULT_SERVER_URL as DEFAULT_SERVER_URL
from .account import Account as Account
from .config import Config as Config
from .documents import Documents as Documents
from .publisher import Publisher as Publisher
from .session import Session as Session
from .transport import HTTPTransport as HTTPTransport
from .transport import Transport as Transport
from .transport import WSGITransport as WSGITransport
