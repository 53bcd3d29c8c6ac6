"""The audit log: who signed in, published, shared, deleted, and who failed to.

Through the logger ``bokeh_wsgi.audit``, one line an event, INFO for what was done and WARNING for what was
refused. Values come from people, so they are quoted; secrets are never among them.
"""

import logging

log = logging.getLogger("bokeh_wsgi.audit")


def done(event: str, **facts: object) -> None:
    log.info("%s", _line(event, facts))


def refused(event: str, **facts: object) -> None:
    log.warning("%s", _line(event, facts))


def _line(event: str, facts: dict[str, object]) -> str:
    # ascii() leaves no line end or terminal sequence in a value.
    return " ".join([event, *(f"{name}={value!a}" for name, value in facts.items())])
