"""`HTTPTransport`: requests over HTTP, with retries."""

import logging
import random
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import urllib3

from bokeh_wsgi.client.printable import printable
from bokeh_wsgi.exc import NotTrusted, ServerUnreachable
from bokeh_wsgi.protocol import ARROW_STREAM

from .answer import Answer, is_anything, refusal, strange
from .body import Body, Progress
from .certificates import not_trusted, trusting
from .content import read_content
from .open_response import HTTPStream, Stream
from .transport import Request, Transport

log = logging.getLogger("bokeh_wsgi")

AWAY: Final = frozenset({502, 503, 504})
"""Status codes worth a retry: of a proxy, or of a server that starts, stops, or has lost its store."""
SILENCE_S: Final = 40.0
"""Read timeout of a stream, which has a heartbeat every 15 s."""

_PIECE_BYTES: Final = 1 << 18
_MAX_REDIRECTS: Final = 10
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0


class HTTPTransport(Transport):
    """Sends requests by urllib3, with a pool of connections; TLS is verified, and Nagle's algorithm is off.

    If no server answers at the first contact, that is an error at once: it was not started. Later, a request
    is repeated for ``retry_s`` seconds, at growing intervals, while no server answers or a proxy says so.
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
        if self.falls_back(answer, credentials):
            return self.open_stream(path)
        raise refusal(answer, f"GET {url}", advice=self.advice(answer.status))

    def close(self) -> None:
        self._pool.clear()

    def _find_mount(self) -> str:
        """The base URL: where ``ping`` of the root URL redirects to.

        Only redirects to the same host are followed, since the base URL gets the credentials. These requests
        carry none.
        """
        url = urljoin(self.root_url, "ping")
        for _ in range(_MAX_REDIRECTS):
            try:
                answer = self.send(Request("GET", url, {}, is_whole=is_anything, retry=False))
            except ServerUnreachable as error:
                if not isinstance(error.__cause__, urllib3.exceptions.HTTPError) or type(error) is NotTrusted:
                    raise
                raise ServerUnreachable(
                    f"no bokeh-server answers at {self.root_url}: start one with `bokeh-server`"
                ) from error
            location = answer.headers.get("location")
            if not 300 <= answer.status < 400 or location is None:
                break
            target = _target(url, location)
            if target is None or not is_same_place(url, target):
                raise ServerUnreachable(
                    f"{url} redirects to {printable(target or location)}, which is another place: "
                    "not followed. If that is your server, say so with root_url"
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

    def send(self, request: Request) -> Answer:
        began = time.monotonic()
        retry_s = self.retry_s if request.retry else 0.0
        wait_s, logged = _FIRST_WAIT_S, ""
        while True:
            try:
                answer = self._send_once(request)
                is_strange = answer.is_success and not request.is_whole(answer)
                if answer.status not in AWAY and not is_strange:
                    return answer
                problem: Exception = strange(answer) if is_strange else refusal(answer, str(request))
                what = str(problem)
            except urllib3.exceptions.HTTPError as error:
                problem, what = error, f"{request.url} does not answer: {error}"
            pause_s = wait_s * random.uniform(0.5, 1.0)
            left_s = began + retry_s - time.monotonic()
            if pause_s > left_s:
                raise ServerUnreachable(f"{what} (for {retry_s:g} s)" if retry_s else what) from problem
            if logged != what and not isinstance(problem, urllib3.exceptions.HTTPError):
                # Logged at once: whoever waits may be able to fix it meanwhile.
                log.warning("%s; trying again for %.0f s", what.rstrip("."), left_s)
                logged = what
            time.sleep(pause_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    def _send_once(self, request: Request) -> Answer:
        length = sum(map(len, request.pieces))
        if not request.pieces:
            return _answer(self._request(request.method, request.url, request.headers))
        progress = Progress(length)
        body = Body(request.pieces, progress) if length > _PIECE_BYTES else b"".join(request.pieces)
        try:
            headers = {**request.headers, "Content-Length": str(length)}
            return _answer(self._request(request.method, request.url, headers, body=body))
        finally:
            progress.close()

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


def _target(url: str, location: str) -> str | None:
    """Where a redirect leads; None if that is no address."""
    try:
        target = urljoin(url, location)
        urlsplit(target)
    except ValueError:
        return None
    return target


def is_same_place(url: str, target: str) -> bool:
    """Whether a redirect stays at its origin, or goes from http to https on the same host."""
    old, new = urlsplit(url), urlsplit(target)
    if (old.scheme, old.hostname) == ("http", new.hostname) and new.scheme == "https":
        return True
    return (old.scheme, old.netloc.lower()) == (new.scheme, new.netloc.lower())


def _answer(response: urllib3.BaseHTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, read_content(response))
