"""`Op`: one operation of a change."""

from dataclasses import dataclass, replace
from enum import IntEnum

from .columns import Column


class OpCode(IntEnum):
    GRAPH = 1
    PATCH = 2
    EVENT = 3
    REPLACE = 4
    APPEND = 5
    WRITE = 6
    RAMP = 7
    REMOVE = 8
    COMMIT = 9


@dataclass(frozen=True, slots=True)
class Op:
    """One operation, a row on the wire; docs/dataplane.md lists the fields that each code uses.

    ``base``: the version of the column that it applies to, 0 for any. ``values`` may be views of the caller's
    arrays; None for a RAMP, which ``dtype`` and ``json`` describe (see `ramp.ramp_from_json`).
    """

    code: OpCode
    model: str = ""
    column: str = ""
    base: int = 0
    start: int = 0
    count: int = 0
    drop: int = 0
    json: str = ""
    values: Column | None = None
    dtype: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """The key of its column."""
        return self.model, self.column

    def of(self, model: str, column: str, base: int) -> "Op":
        """The same op for a column, with the version it applies to."""
        return replace(self, model=model, column=column, base=base)
