"""How a session reaches its server: over HTTP, or by calling a WSGI app in this process."""

import logging
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

from bokeh_wsgi.exc import Busy, NotTrusted, ServerUnreachable
from bokeh_wsgi.protocol import ARROW_STREAM, IN_PROCESS, KEY_HEADER

from .answer import Answer, IsWhole, is_anything, is_ours, refusal, strange
from .body import Body, Progress
from .certificates import not_trusted, trusting
from .content import read_content
from .open_response import HTTPStream, Stream, WholeStream

log = logging.getLogger("bokeh_wsgi")

AWAY = frozenset({502, 503, 504})
"""Replies of a proxy, or of a server that starts or stops, or whose store is away: worth another try."""

POLL_S = 0.25
"""An app in this process is asked so often, so that a session ends as soon."""
SILENCE_S = 40.0
"""A stream in which not even a heartbeat comes for so long, where there is one each 15 s, is broken."""

BUSY_S = 60.0
"""How long a request waits for others of the same user that are under way."""

_PIECE_BYTES = 1 << 18
_MAX_REDIRECTS = 10
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 5.0


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
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        pieces: Sequence[bytes],
        *,
        is_whole: IsWhole,
        retry: bool,
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
        is_whole: IsWhole = is_ours,
    ) -> Answer:
        """The 2xx answer to a request for ``path`` (below the base URL); ``anonymous``: without credentials.

        Raises `Conflict` or `ServerRefused` with the server's message, and `ServerUnreachable` once retrying
        has taken too long. Requests are repeated, so they must be such that a repetition does no harm. One
        that is not ``is_whole`` is no answer: nobody knows whether the server has done what it was asked.
        Where too many of this user's are under way, it waits for its turn.
        """
        url = self.base_url + path  # before the credentials: they may come with it
        credentials = {} if anonymous else self.credentials
        every = {"Accept": f"application/json, {ARROW_STREAM}", **credentials, **(headers or {})}
        answer = self._send(method, url, every, pieces, is_whole=is_whole, retry=True)
        deadline = time.monotonic() + BUSY_S
        while is_busy(answer) and time.monotonic() < deadline:
            time.sleep(random.uniform(0.1, 1.0))
            answer = self._send(method, url, every, pieces, is_whole=is_whole, retry=True)
        if answer.is_success:
            return answer
        if self._falls_back(answer, credentials):
            return self.request(method, path, headers=headers, pieces=pieces, is_whole=is_whole)
        raise refusal(answer, f"{method} {url}", advice="" if anonymous else self._advice(answer.status))

    def _falls_back(self, answer: Answer, sent: Mapping[str, str]) -> bool:
        """Whether to try again with other credentials, since ``Authorization`` did not come through.

        The server asks for it, as if nothing had been sent: Apache keeps it to itself, unless it is told to
        pass it on. A key also goes by the header of Bokeh 0.9.
        """
        scheme, _, key = sent.get("Authorization", "").partition(" ")
        if not key or answer.headers.get("www-authenticate") != scheme or answer.is_of_a_proxy:
            return False
        if self.credentials == sent:
            self.credentials = {KEY_HEADER: key}
        return True

    def _advice(self, status: int) -> str:
        """What a script can do that has no key where it needs one."""
        if status != 401 or self.credentials:
            return ""
        return (
            f"{self.base_url} has users: session.register(name, password) or "
            "session.login(name, password) first"
        )


def is_busy(answer: Answer) -> bool:
    """Whether the server will take the request as soon as it is through with others of this user."""
    return answer.status == 429 and answer.json().get("error") == Busy.code


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
        self._ca_certs = ca_certs
        self._base_url: str | None = None
        self._pool = urllib3.PoolManager(
            maxsize=4,
            blocksize=_PIECE_BYTES,
            retries=False,
            timeout=urllib3.Timeout(connect=min(timeout_s, 10.0), read=timeout_s),
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
        credentials = self.credentials
        headers = {"Accept": f"application/json, {ARROW_STREAM}", **credentials}
        try:
            timeout = urllib3.Timeout(connect=10.0, read=SILENCE_S)
            response = self._request("GET", url, headers, timeout=timeout)
            if response.status == 200:
                return HTTPStream(response)
            answer = _answer(response)
        except urllib3.exceptions.HTTPError as error:
            raise ServerUnreachable(f"{url} does not answer: {error}") from error
        if self._falls_back(answer, credentials):
            return self.open_stream(path)
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
                answer = self._send("GET", url, {}, (), is_whole=is_anything, retry=False)
            except ServerUnreachable as error:
                if not isinstance(error.__cause__, urllib3.exceptions.HTTPError) or type(error) is NotTrusted:
                    raise
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
        if answer.json().get("error") == "host":
            raise refusal(answer, f"GET {url}")
        if answer.status in (401, 403) and answer.is_of_a_proxy:
            raise ServerUnreachable(str(refusal(answer, f"GET {url}")))
        if answer.status != 200 or answer.body.strip() != b"pong" or not urlsplit(url).path.endswith("/ping"):
            raise ServerUnreachable(
                f"something answers at {url}, but it is no bokeh-server (status {answer.status}): "
                "is the root_url right?"
            )
        return url[: -len("ping")]

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        pieces: Sequence[bytes],
        *,
        is_whole: IsWhole,
        retry: bool,
    ) -> Answer:
        began = time.monotonic()
        retry_s = self.retry_s if retry else 0.0
        wait_s, told = _FIRST_WAIT_S, ""
        while True:
            try:
                answer = self._send_once(method, url, headers, pieces)
                is_strange = answer.is_success and not is_whole(answer)
                if answer.status not in AWAY and not is_strange:
                    return answer
                problem: Exception = strange(answer) if is_strange else refusal(answer, f"{method} {url}")
                what = str(problem)
            except urllib3.exceptions.HTTPError as error:
                problem, what = error, f"{url} does not answer: {error}"
            pause_s = wait_s * random.uniform(0.5, 1.0)
            if time.monotonic() + pause_s > began + retry_s:
                raise ServerUnreachable(f"{what} (for {retry_s:g} s)" if retry_s else what) from problem
            if told != what and not isinstance(problem, urllib3.exceptions.HTTPError):
                # Who waits for it can do something about it meanwhile.
                log.warning(
                    "%s; trying again for %.0f s", what.rstrip("."), began + retry_s - time.monotonic()
                )
                told = what
            time.sleep(pause_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _send_once(
        self, method: str, url: str, headers: Mapping[str, str], pieces: Sequence[bytes]
    ) -> Answer:
        if not pieces:
            return self._ask(method, url, headers, None)
        length = sum(map(len, pieces))
        progress = Progress(length)
        body = Body(pieces, progress) if length > _PIECE_BYTES else b"".join(pieces)
        try:
            sent = {**headers, "Content-Length": str(length)}
            return self._ask(method, url, sent, body)
        finally:
            progress.close()

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: Any) -> Answer:
        return _answer(self._request(method, url, headers, body=body))

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], **options: Any
    ) -> urllib3.BaseHTTPResponse:
        known = self._pool.connection_pool_kw
        if url.startswith("https:") and "ssl_context" not in known:
            known["ssl_context"] = trusting(self._ca_certs)
        try:
            return self._pool.request(
                method, url, headers=headers, redirect=False, preload_content=False, **options
            )
        except urllib3.exceptions.SSLError as error:
            problem = not_trusted(error, url)
            if problem is None:
                raise
            raise problem from error


def is_same_place(url: str, target: str) -> bool:
    """Whether a redirect stays at its origin, or goes from http to https on the same host."""
    old, new = urlsplit(url), urlsplit(target)
    if (old.scheme, old.hostname) == ("http", new.hostname) and new.scheme == "https":
        return True
    return (old.scheme, old.netloc.lower()) == (new.scheme, new.netloc.lower())


def _answer(response: urllib3.BaseHTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, read_content(response))


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
        return WholeStream(self.request("GET", f"{path}&wait={POLL_S}", is_whole=is_anything).body)

    def close(self) -> None:
        pass

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        pieces: Sequence[bytes],
        *,
        is_whole: IsWhole,
        retry: bool,
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
            "SERVER_SOFTWARE": IN_PROCESS,
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
        answer = Answer(started.status, started.headers, b"".join([*started.written, content]))
        if answer.is_success and not is_whole(answer):
            raise strange(answer)
        return answer


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
