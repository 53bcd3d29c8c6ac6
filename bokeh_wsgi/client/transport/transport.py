"""How a session reaches its server: over HTTP, or by calling a WSGI app in this process."""

import json
import math
import random
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from wsgiref.types import WSGIApplication

import urllib3

from bokeh_wsgi.exc import Conflict, PastGeneration, ServerRefused, ServerUnreachable

from .body import Body, Progress
from .open_response import HTTPStream, Stream, WholeStream

ARROW_STREAM = "application/vnd.apache.arrow.stream"
AWAY = frozenset({502, 503, 504})
"""Replies of a proxy, or of a server that starts or stops: worth another try."""

POLL_S = 0.25
"""An app in this process is asked so often, so that a session ends as soon."""
SILENCE_S = 40.0
"""A stream in which not even a heartbeat comes for so long, where there is one each 15 s, is broken."""

_PIECE_BYTES = 1 << 18
_MAX_REDIRECTS = 10
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body if it is a JSON object, else an empty one."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}


class Transport(ABC):
    """Sends requests below one base URL. Thread-safe.

    ``credentials`` are headers that go with every request to the base URL, and nowhere else;
    ``when_found`` is called with that URL as soon as it is known, if it has to be found.
    """

    when_found: Callable[[str], None] | None = None
    polls = False
    """Whether `open_stream` gives what is news within a moment, and ends."""

    def __init__(self, root_url: str) -> None:
        self.root_url = root_url
        self.credentials: Mapping[str, str] = {}

    @property
    @abstractmethod
    def base_url(self) -> str:
        """Where the app is mounted, with a slash at its end; found at first use."""

    @property
    def is_found(self) -> bool:
        """Whether `base_url` is known already."""
        return True

    @abstractmethod
    def _send(
        self, method: str, url: str, headers: Mapping[str, str], pieces: Sequence[bytes], *, retry: bool
    ) -> Answer: ...

    @abstractmethod
    def open_stream(self, path: str) -> Stream:
        """The answer to a GET of ``path`` with ``wait=stream``, or else with news for a moment.

        Tries once: raises `ServerRefused`, or `ServerUnreachable`.
        """

    @abstractmethod
    def close(self) -> None: ...

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        pieces: Sequence[bytes] = (),
        anonymous: bool = False,
    ) -> Answer:
        """The 2xx answer to a request for ``path`` (below the base URL); ``anonymous``: without credentials.

        Raises `Conflict` or `ServerRefused` with the server's message, and `ServerUnreachable` once retrying
        has taken too long. Requests are repeated, so they must be such that a repetition does no harm.
        """
        url = self.base_url + path  # before the credentials: they may come with it
        credentials = {} if anonymous else self.credentials
        every = {"Accept": f"application/json, {ARROW_STREAM}", **credentials, **(headers or {})}
        answer = self._send(method, url, every, pieces, retry=True)
        if not 200 <= answer.status < 300:
            advice = "" if anonymous else self._advice(answer.status)
            raise refusal(answer, f"{method} {url}", advice=advice)
        return answer

    def _advice(self, status: int) -> str:
        """What a script can do that has no key where it needs one."""
        if status != 401 or self.credentials:
            return ""
        return (
            f"{self.base_url} has users: session.register(name, password) or "
            "session.login(name, password) first"
        )


def refusal(answer: Answer, request: str, *, advice: str = "") -> Conflict | PastGeneration | ServerRefused:
    """The exception that says what the server said, or if there is some, the ``advice``."""
    body = answer.json()
    message = advice or body.get("message") or f"{request} was answered with status {answer.status}"
    if answer.status == 429:
        wait_s = body.setdefault("retry_after", _seconds(answer.headers.get("retry-after")))
        message = f"{message.rstrip('.')}: try again in {math.ceil(wait_s)} s"
    if answer.status == 409 and body.get("error") == Conflict.code:
        return Conflict(
            message,
            columns=[(model, column, version) for model, column, version in body.get("columns", ())],
            unknown=body.get("unknown", ()),
            taken=body.get("taken", ()),
        )
    if answer.status == 409 and body.get("error") == PastGeneration.code:
        return PastGeneration(str(body.get("generation", "")), str(body.get("host", "")))
    return ServerRefused(message, status=answer.status, body=body)


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.isdecimal() else 60.0


class HTTPTransport(Transport):
    """urllib3 with a pool of connections; they verify TLS, and small requests are not held back by Nagle.

    Nobody at the first contact is an error at once: the server was not started. After that, a request is
    repeated for ``retry_s`` seconds, less and less often, while nobody answers or a proxy says so.
    """

    def __init__(
        self,
        root_url: str,
        *,
        retry_s: float = 60.0,
        timeout_s: float = 60.0,
        ca_certs: str | None = None,
    ) -> None:
        super().__init__(root_url)
        self.retry_s = retry_s
        self._base_url: str | None = None
        self._pool = urllib3.PoolManager(
            maxsize=4,
            blocksize=_PIECE_BYTES,
            retries=False,
            timeout=urllib3.Timeout(connect=min(timeout_s, 10.0), read=timeout_s),
            ca_certs=ca_certs,
        )

    @property
    def base_url(self) -> str:
        if self._base_url is None:
            self._base_url = self._find_mount()
            if self.when_found is not None:
                self.when_found(self._base_url)
        return self._base_url

    @property
    def is_found(self) -> bool:
        return self._base_url is not None

    def open_stream(self, path: str) -> Stream:
        url = f"{self.base_url}{path}&wait=stream"
        headers = {"Accept": f"application/json, {ARROW_STREAM}", **self.credentials}
        try:
            response = self._pool.request(
                "GET",
                url,
                headers=headers,
                preload_content=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=10.0, read=SILENCE_S),
            )
            if response.status == 200:
                return HTTPStream(response)
            answer = _answer(response)
        except urllib3.exceptions.HTTPError as error:
            raise ServerUnreachable(f"{url} does not answer: {error}") from error
        raise refusal(answer, f"GET {url}", advice=self._advice(answer.status))

    def close(self) -> None:
        self._pool.clear()

    def _find_mount(self) -> str:
        """Follows ``ping`` from the root URL, to the same host only: what it finds gets the credentials.

        It sends none itself.
        """
        url = urljoin(self.root_url, "ping")
        for _ in range(_MAX_REDIRECTS):
            try:
                answer = self._send("GET", url, {}, (), retry=False)
            except ServerUnreachable as error:
                raise ServerUnreachable(
                    f"no bokeh-server answers at {self.root_url}: start one with `bokeh-server`"
                ) from error
            location = answer.headers.get("location")
            if not 300 <= answer.status < 400 or location is None:
                break
            target = urljoin(url, location)
            if not is_same_place(url, target):
                raise ServerUnreachable(
                    f"{url} redirects to {target}, which is another place: not followed. "
                    "If that is your server, say so with root_url"
                )
            url = target
        if answer.status != 200 or answer.body.strip() != b"pong" or not urlsplit(url).path.endswith("/ping"):
            raise ServerUnreachable(
                f"something answers at {url}, but it is no bokeh-server (status {answer.status}): "
                "is the root_url right?"
            )
        return url[: -len("ping")]

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], pieces: Sequence[bytes], *, retry: bool
    ) -> Answer:
        deadline = time.monotonic() + (self.retry_s if retry else 0.0)
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                answer = self._send_once(method, url, headers, pieces)
                if answer.status not in AWAY:
                    return answer
                problem: Exception = refusal(answer, f"{method} {url}")
            except urllib3.exceptions.HTTPError as error:
                problem = error
            pause_s = wait_s * random.uniform(0.5, 1.0)
            if time.monotonic() + pause_s > deadline:
                waited = f" for {self.retry_s:g} s" if retry else ""
                raise ServerUnreachable(f"{url} does not answer{waited}: {problem}") from problem
            time.sleep(pause_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _send_once(
        self, method: str, url: str, headers: Mapping[str, str], pieces: Sequence[bytes]
    ) -> Answer:
        if not pieces:
            return _answer(self._pool.request(method, url, headers=headers, redirect=False))
        length = sum(map(len, pieces))
        progress = Progress(length)
        body = Body(pieces, progress) if length > _PIECE_BYTES else b"".join(pieces)
        try:
            sent = {**headers, "Content-Length": str(length)}
            return _answer(self._pool.request(method, url, headers=sent, body=body, redirect=False))
        finally:
            progress.close()


def is_same_place(url: str, target: str) -> bool:
    """Whether a redirect stays at its origin, or goes from http to https on the same host."""
    old, new = urlsplit(url), urlsplit(target)
    if (old.scheme, old.hostname) == ("http", new.hostname) and new.scheme == "https":
        return True
    return (old.scheme, old.netloc.lower()) == (new.scheme, new.netloc.lower())


def _answer(response: urllib3.BaseHTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, response.data)


class WSGITransport(Transport):
    """Calls ``app`` directly, as a server would that has it at ``root_url``."""

    polls = True

    def __init__(self, app: WSGIApplication, root_url: str) -> None:
        super().__init__(root_url)
        self.app = app

    @property
    def base_url(self) -> str:
        return self.root_url

    def open_stream(self, path: str) -> Stream:
        return WholeStream(self.request("GET", f"{path}&wait={POLL_S}").body)

    def close(self) -> None:
        pass

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], pieces: Sequence[bytes], *, retry: bool
    ) -> Answer:
        parts = urlsplit(url)
        body = Body(pieces)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path, "latin-1"),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname or "localhost",
            "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": parts.netloc,
            # No thread of the server is taken: bokeh_wsgi/servers.py.
            "SERVER_SOFTWARE": "bokeh_wsgi",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if pieces:
            environ["CONTENT_LENGTH"] = str(len(body))
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        started = _Start()
        result: Iterable[bytes] = self.app(environ, started)
        try:
            content = b"".join(result)
        finally:
            close: Callable[[], None] | None = getattr(result, "close", None)
            if close is not None:
                close()
        return Answer(started.status, started.headers, b"".join([*started.written, content]))


@dataclass
class _Start:
    """``start_response``, and what it was told."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    written: list[bytes] = field(default_factory=list)

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        if exc_info is not None and self.status:
            raise exc_info[1].with_traceback(exc_info[2])
        self.status = int(status.split(" ", 1)[0])
        self.headers = {name.lower(): value for name, value in headers}
        return self.written.append
