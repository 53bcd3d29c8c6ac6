"""Checks the right to read documents while a response is being sent."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from bokeh_wsgi.auth import Identity
from bokeh_wsgi.context import Context

RECHECK_S: Final = 1.0
"""Interval of checks without a change in the store, since tokens expire."""


class LastingRight:
    """Checks whether identities may still read their documents, if ``matters`` is true for these."""

    def __init__(
        self,
        context: Context,
        identities: Mapping[str, Identity],
        matters: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._context = context
        self._identities = identities
        self._matters = matters
        self._version = -1
        self._looked = 0.0

    def check(self) -> None:
        """Raise `ConnectionAbortedError` if a right has ended. Cheap if the store has not changed."""
        version, now = self._context.store.version(), time.monotonic()
        if version == self._version and now < self._looked + RECHECK_S:
            return
        self._version, self._looked = version, now
        for docid, identity in self._identities.items():
            if self._matters(docid):
                ended = self._context.policy.revocation(identity, self._context.store.get_document(docid))
                if ended:
                    raise ConnectionAbortedError(f"The right to read {docid!r} has ended: {ended}.")
