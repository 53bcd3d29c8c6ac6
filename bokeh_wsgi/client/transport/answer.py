"""`Answer`: the answer to a request, and the exception for one that is not a success."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bokeh_wsgi.client.printable import printable
from bokeh_wsgi.dataplane import END
from bokeh_wsgi.exc import Conflict, PastGeneration, ServerRefused, ServerUnreachable
from bokeh_wsgi.protocol import ARROW_STREAM

# The meaning of a proxy's status, and what to check.
_OF_PROXIES: Final = {
    401: "asks for a login of its own: have it let pass what comes to this address",
    403: "does not let this pass",
    413: "takes nothing that large: raise its limit to the server's max_change_bytes (client_max_body_size "
    "in nginx, LimitRequestBody in Apache), or send less at a time",
    502: "does not reach the server behind it: does that run, and where the proxy looks for it (proxy_pass "
    "in nginx, ProxyPass in Apache)?",
    503: "has no server now that it could pass this on to: does one run, and is it overloaded?",
    504: "has waited in vain for the server behind it: see what that is doing, or have the proxy wait longer "
    "(proxy_read_timeout in nginx, ProxyTimeout in Apache)",
}

DEFAULT_WAIT_S: Final = 60.0
MAX_WAIT_S: Final = 86_400.0

# Of the fields in answers that a script uses.
_TYPES: Final[Mapping[str, type]] = {
    **dict.fromkeys(("docid", "username", "userapikey", "key", "token", "code", "url"), str),
    **dict.fromkeys(("seq", "viewers"), int),
    **dict.fromkeys(("keys", "docs", "undrawn"), list),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The body if it is a JSON object, else {}."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def is_of_a_proxy(self) -> bool:
        """Whether an error comes from a proxy: those of the plot server are JSON with these two fields."""
        return not {"error", "message"} <= self.json().keys()


IsWhole = Callable[[Answer], bool]
"""Whether a 2xx answer is complete and the server's; not a proxy's sign-in page, or cut."""


def is_anything(answer: Answer) -> bool:  # noqa: ARG001
    """No check: for callers that check the answer themselves."""
    return True


def is_ours(answer: Answer) -> bool:
    """Whether an answer is a JSON object or a complete Arrow stream, as all answers of the server are."""
    if answer.headers.get("content-type", "").startswith(ARROW_STREAM):
        return answer.body.endswith(END)
    return bool(answer.json()) or answer.body.strip() == b"{}"


def has_fields(*names: str) -> IsWhole:
    """The check whether an answer is a JSON object with these fields, which have their types."""
    return lambda answer: is_ours(answer) and _has_fields(answer.json(), names)


def _has_fields(body: Mapping[str, Any], names: Sequence[str]) -> bool:
    return body.keys() >= set(names) and all(
        isinstance(body[name], kind) and not isinstance(body[name], bool)
        for name, kind in _TYPES.items()
        if name in body
    )


def refusal(answer: Answer, request: str, *, advice: str = "") -> Conflict | PastGeneration | ServerRefused:
    """The exception for an answer other than 2xx, with the ``advice`` or else the server's message.

    For an answer of a proxy, the message says so, and what to check.
    """
    body = answer.json()
    said = _of_a_proxy(answer, request) if answer.is_of_a_proxy else advice or body["message"]
    message = printable(said)
    if answer.status == 429:
        wait_s = body["retry_after"] = _wait_s(body.get("retry_after"), answer.headers.get("retry-after"))
        message = f"{message.rstrip('.')}: try again in {math.ceil(wait_s)} s"
    conflict = _conflict(message, body) if body.get("error") == Conflict.code else None
    if answer.status == 409 and conflict is not None:
        return conflict
    if answer.status == 409 and body.get("error") == PastGeneration.code:
        return PastGeneration(str(body.get("generation", "")), printable(body.get("host", "")))
    return ServerRefused(message, status=answer.status, body=body)


def strange(answer: Answer) -> ServerUnreachable:
    """The exception for a 2xx answer that is not the server's, or not complete."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    return ServerUnreachable(
        f"what came is no answer of a bokeh-server ({len(answer.body)} bytes of "
        f"{printable(kind) or 'something'}): "
        "was it cut, or is there a page to sign in at between?"
    )


def _of_a_proxy(answer: Answer, request: str) -> str:
    name, location = answer.headers.get("server"), answer.headers.get("location")
    who = f"{request} was answered with {answer.status} by a proxy{f' ({name})' if name else ''}"
    if location is not None:
        return f"{who}, which leads to {location}: if that is a login, have it let scripts pass"
    return f"{who}, which {_OF_PROXIES.get(answer.status, 'is not the plot server: see what its log says')}"


def _conflict(message: str, body: Mapping[str, Any]) -> Conflict | None:
    """The conflict that a server says; None if it is malformed."""
    columns, ids = body.get("columns", []), [body.get("unknown", []), body.get("taken", [])]
    if not all(isinstance(found, list) for found in (columns, *ids)):
        return None
    if not all(isinstance(item, str) for found in ids for item in found):
        return None
    for place in columns:
        if not isinstance(place, list) or [type(part) for part in place] != [str, str, int]:
            return None
    return Conflict(message, columns=columns, unknown=ids[0], taken=ids[1])


def _wait_s(said: Any, header: str | None) -> float:
    """When to try again, by the answer or its header; never later than in a day."""
    if isinstance(said, int | float) and said >= 0:
        return min(said, MAX_WAIT_S)
    return min(float(header), MAX_WAIT_S) if header is not None and header.isdecimal() else DEFAULT_WAIT_S
