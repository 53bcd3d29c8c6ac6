"""File formats of exports, written in batches.

What writes them is imported with the first export.
"""

import io
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from .pieces import gathered
from .tables import Table

# A row is in memory as a whole, for CSV as Python objects.
MAX_ROW_BYTES = 8 << 20


class Writer(Protocol):
    """The common interface of pyarrow's file writers."""

    def write_batch(self, batch: pa.RecordBatch) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A file format. ``as_text``: list values become JSON. ``max_row_bytes`` is the size limit of a row.

    ``keeps_memory``: the writer's buffers are the columns' own memory, so they need no copy.
    """

    mimetype: str
    open: Callable[["_Sink", pa.Schema], Writer]
    as_text: bool = False
    keeps_memory: bool = False
    max_row_bytes: int | None = None

    def written(self, table: Table) -> Generator[bytes, None, None]:
        """The file in pieces, with at most one batch in memory."""
        sink = _Sink(copies=not self.keeps_memory)
        writer = self.open(sink, table.schema)
        for batch in table.batches():
            writer.write_batch(batch)
            yield from gathered(sink.take())
        writer.close()
        yield from gathered(sink.take())


class _Sink(io.RawIOBase):
    """A file object that collects writes until `take` removes them."""

    def __init__(self, *, copies: bool) -> None:
        self._copies = copies
        self._pieces: list[memoryview] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        view = memoryview(bytes(data) if self._copies else data).cast("B")
        self._pieces.append(view)
        self._written += len(view)
        return len(view)

    def tell(self) -> int:
        return self._written

    def take(self) -> list[memoryview]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _parquet(sink: _Sink, schema: pa.Schema) -> Writer:
    # No statistics: they keep long strings in memory until the footer is written.
    from pyarrow.parquet import ParquetWriter

    writer: Writer = ParquetWriter(sink, schema, write_statistics=False)
    return writer


def _csv(sink: _Sink, schema: pa.Schema) -> Writer:
    from pyarrow.csv import CSVWriter

    writer: Writer = CSVWriter(sink, schema)
    return writer


FORMATS = {
    "arrow": Format("application/vnd.apache.arrow.file", pa.ipc.new_file, keeps_memory=True),
    "parquet": Format("application/vnd.apache.parquet", _parquet, max_row_bytes=MAX_ROW_BYTES),
    "csv": Format("text/csv", _csv, as_text=True, max_row_bytes=MAX_ROW_BYTES),
}
