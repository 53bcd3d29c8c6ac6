"""`Limits`: how much a reader accepts from an untrusted sender."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for one change, checked before memory is allocated.

    ``max_bytes``: of the change on the wire. ``max_message_bytes``: of one Arrow message. ``max_unpacked``:
    bytes of values, decompressed. ``max_rows``: of one column. ``max_ops``: ops, which are rows of batches.
    """

    max_bytes: int = 1 << 30
    max_message_bytes: int = 256 << 20
    max_unpacked: int = 4 << 30
    max_rows: int = 2**31 - 1
    max_ops: int = 100_000
