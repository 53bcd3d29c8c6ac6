"""The audit log: sign-ins, publications, shares and deletions, done or refused.

Logger ``bokeh_wsgi.audit``, one line per event: INFO for done, WARNING for refused. Values are untrusted, so
they are quoted. Secrets are never logged.
"""

import logging

log = logging.getLogger("bokeh_wsgi.audit")


def done(event: str, **facts: object) -> None:
    log.info("%s", _line(event, facts))


def refused(event: str, **facts: object) -> None:
    log.warning("%s", _line(event, facts))


def _line(event: str, facts: dict[str, object]) -> str:
    # ascii() escapes line ends and terminal sequences.
    return " ".join([event, *(f"{name}={value!a}" for name, value in facts.items())])
