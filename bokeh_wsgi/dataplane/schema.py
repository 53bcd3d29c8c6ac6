"""The one Arrow schema of every stream, and the bytes around its batches."""

from typing import Final

import pyarrow as pa

SCHEMA: Final = pa.schema(
    [
        pa.field("seq", pa.int64()),
        pa.field("doc", pa.utf8(), nullable=False),
        pa.field("op", pa.uint8(), nullable=False),
        pa.field("model", pa.utf8()),
        pa.field("column", pa.utf8()),
        pa.field("base", pa.int64(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("drop", pa.int64(), nullable=False),
        pa.field("dtype", pa.utf8()),
        pa.field("shape", pa.list_(pa.field("item", pa.int32(), nullable=False)), nullable=False),
        pa.field("json", pa.utf8()),
        pa.field("buffers", pa.list_(pa.field("item", pa.large_binary(), nullable=False)), nullable=False),
    ]
)
SCHEMA_MESSAGE: Final[bytes] = SCHEMA.serialize().to_pybytes()
"""First in every stream."""
END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""Last in every stream that ended cleanly."""
# Of nulls, because pa.array() imports pandas where there is one, for which no server should wait.
_EMPTY: Final = pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in SCHEMA], schema=SCHEMA)
HEARTBEAT: Final[bytes] = _EMPTY.serialize().to_pybytes()
"""An empty batch: says that the sender is alive, changes nothing."""
