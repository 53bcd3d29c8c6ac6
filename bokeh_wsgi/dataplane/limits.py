"""How much a reader takes from a stranger."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Checked before memory is taken; each bounds one change.

    ``max_bytes`` on the wire, ``max_message_bytes`` of one Arrow message, ``max_unpacked`` bytes of values,
    ``max_rows`` of one column, ``max_ops`` rows of the batches.
    """

    max_bytes: int = 1 << 30
    max_message_bytes: int = 256 << 20
    max_unpacked: int = 4 << 30
    max_rows: int = 2**31 - 1
    max_ops: int = 100_000
