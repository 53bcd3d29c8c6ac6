"""Ways from ops to bytes and back that several tests take."""

from collections.abc import Iterable
from dataclasses import replace

from bokeh_wsgi.dataplane import (
    END,
    SCHEMA_MESSAGE,
    Change,
    Column,
    GrowingColumn,
    Op,
    Reader,
    commit,
    decode_upload,
    encode_upload,
)

DOC, MODEL, NAME = "doc1", "p1001", "y"


def keyed(ops: Iterable[Op], base: int = 3) -> list[Op]:
    """Ops of diff, with what the publisher adds."""
    return [replace(op, model=MODEL, column=NAME, base=base) for op in ops]


def upload(ops: Iterable[Op]) -> bytes:
    return b"".join(encode_upload(DOC, ops))


def through_the_wire(ops: Iterable[Op]) -> list[Op]:
    """The ops as a server reads them."""
    return decode_upload(upload(ops), DOC)[0]


def applied(old: Column | None, ops: Iterable[Op]) -> Column:
    state = GrowingColumn(old)
    for op in ops:
        state.apply(op)
    return state.column()


def read(*pieces: bytes) -> list[Change]:
    """The changes of a whole stream, checked to end."""
    reader = Reader()
    changes = reader.feed(b"".join([SCHEMA_MESSAGE, *pieces, END]))
    assert reader.ended
    return changes


def kept(ops: Iterable[Op]) -> bytes:
    """The bytes that a server keeps of an upload."""
    return bytes(decode_upload(upload(ops), DOC)[1])


def change(seq: int, ops: Iterable[Op]) -> bytes:
    return kept(ops) + commit(DOC, seq)
