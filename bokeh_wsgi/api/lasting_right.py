"""The right to read documents, for as long as a response takes that was begun with it."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from bokeh_wsgi.auth import Identity
from bokeh_wsgi.context import Context

RECHECK_S: Final = 1.0
"""So often it is looked at anyway: tokens end by the clock."""


class LastingRight:
    """Whether these identities may still read their documents, of those for which ``matters`` is true."""

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
        """Raises `ConnectionAbortedError` if a right has ended; cheap where nothing was stored since."""
        version, now = self._context.store.version(), time.monotonic()
        if version == self._version and now < self._looked + RECHECK_S:
            return
        self._version, self._looked = version, now
        for docid, identity in self._identities.items():
            if self._matters(docid):
                ended = self._context.policy.revocation(identity, self._context.store.get_document(docid))
                if ended:
                    raise ConnectionAbortedError(f"The right to read {docid!r} has ended: {ended}.")
