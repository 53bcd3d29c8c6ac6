"""The steps a change is made of."""

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
    """One row on the wire; docs/dataplane.md says which fields each code uses.

    ``base``: version of the column it applies to, 0 for any. ``values`` may be views of the caller's arrays.
    A RAMP's ``values`` is None: ``dtype`` and ``json`` tell everything (``ramp.ramp_column`` computes them).
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
        """Which column it is about."""
        return self.model, self.column

    def of(self, model: str, column: str, base: int) -> "Op":
        """The same op, of this column at this version."""
        return replace(self, model=model, column=column, base=base)
