"""`Transport`: how a session reaches its server. What all ways of sending requests share."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bokeh_wsgi.exc import Busy
from bokeh_wsgi.protocol import ARROW_STREAM, KEY_HEADER

from .answer import Answer, IsWhole, is_ours, refusal
from .open_response import Stream

BUSY_S: Final = 60.0
"""How long a request waits while other requests of the same user are running."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``is_whole`` decides whether a 2xx answer is complete; ``retry``: repeat it on failure."""

    method: str
    url: str
    headers: Mapping[str, str]
    pieces: Sequence[bytes] = ()
    is_whole: IsWhole = is_ours
    retry: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


class Transport(ABC):
    """Sends requests below one base URL. Thread-safe.

    ``credentials`` are headers sent with every request to the base URL, and nowhere else.
    ``when_found`` is called with the base URL once it is known, if it has to be looked up.
    """

    when_found: Callable[[str], None] | None = None
    polls = False
    """Whether `open_stream` returns after a moment with what is new, instead of staying open."""

    def __init__(self, root_url: str) -> None:
        self.root_url = root_url
        self.credentials: Mapping[str, str] = {}

    @property
    @abstractmethod
    def base_url(self) -> str:
        """Where the app is mounted, with a slash at the end; looked up at first use."""

    @property
    def is_found(self) -> bool:
        """Whether `base_url` is known without asking the server."""
        return True

    @abstractmethod
    def send(self, request: Request) -> Answer:
        """The answer to a request, whatever its status; raises `ServerUnreachable` if there is none."""

    @abstractmethod
    def open_stream(self, path: str) -> Stream:
        """The answer to a GET of ``path`` with ``wait=stream``; if it ``polls``, what is new after a moment.

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

        Raises `Conflict` or `ServerRefused` with the server's message, and `ServerUnreachable` when retries
        have taken too long. Requests are repeated, so they must be idempotent. A 2xx answer for which
        ``is_whole`` is false counts as none: the server may or may not have acted on the request. While the
        server has too many requests of this user, it waits.
        """
        url = self.base_url + path  # before the credentials: finding the URL may find them, too
        credentials = {} if anonymous else self.credentials
        every = {"Accept": f"application/json, {ARROW_STREAM}", **credentials, **(headers or {})}
        request = Request(method, url, every, pieces, is_whole)
        answer = self.send(request)
        deadline = time.monotonic() + BUSY_S
        while is_busy(answer) and time.monotonic() < deadline:
            time.sleep(random.uniform(0.1, 1.0))
            answer = self.send(request)
        if answer.is_success:
            return answer
        if self.falls_back(answer, credentials):
            return self.request(method, path, headers=headers, pieces=pieces, is_whole=is_whole)
        raise refusal(answer, str(request), advice="" if anonymous else self.advice(answer.status))

    def falls_back(self, answer: Answer, sent: Mapping[str, str]) -> bool:
        """Whether to try again with the key in another header, as ``Authorization`` did not arrive.

        The server answers as if no key had been sent: Apache drops that header unless configured to pass it
        on. The header of Bokeh 0.9 carries the key as well.
        """
        scheme, _, key = sent.get("Authorization", "").partition(" ")
        if not key or answer.headers.get("www-authenticate") != scheme or answer.is_of_a_proxy:
            return False
        if self.credentials == sent:
            self.credentials = {KEY_HEADER: key}
        return True

    def advice(self, status: int) -> str:
        """What a script without a key can do where the server wants one."""
        if status != 401 or self.credentials:
            return ""
        return (
            f"{self.base_url} has users: session.register(name, password) or "
            "session.login(name, password) first"
        )


def is_busy(answer: Answer) -> bool:
    """Whether the server will take the request when it is done with others of this user."""
    return answer.status == 429 and answer.json().get("error") == Busy.code
