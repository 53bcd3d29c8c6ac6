"""Answers to requests, of the server and of proxies before it; and the exceptions that they become."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bokeh_wsgi.exc import Conflict, PastGeneration, ServerRefused

# What a proxy means by a status, and what to look at.
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

    @property
    def is_of_a_proxy(self) -> bool:
        """Whether an error is not the plot server's, which says each in its own JSON."""
        return not {"error", "message"} <= self.json().keys()


def refusal(answer: Answer, request: str, *, advice: str = "") -> Conflict | PastGeneration | ServerRefused:
    """The exception for an answer other than 2xx: what the server said, or if there is some, the ``advice``.

    What is not the server's says that, and what to look at.
    """
    body = answer.json()
    message = _of_a_proxy(answer, request) if answer.is_of_a_proxy else advice or str(body["message"])
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


def _of_a_proxy(answer: Answer, request: str) -> str:
    name, location = answer.headers.get("server"), answer.headers.get("location")
    who = f"{request} was answered with {answer.status} by a proxy{f' ({name})' if name else ''}"
    if location is not None:
        return f"{who}, which leads to {location}: if that is a login, have it let scripts pass"
    return f"{who}, which {_OF_PROXIES.get(answer.status, 'is not the plot server: see what its log says')}"


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.isdecimal() else 60.0
