"""The Arrow schema of all streams, and their constant messages."""

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
"""The first message of a stream."""
END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""The last bytes of a stream that ends cleanly."""
# pa.nulls() and not pa.array(), which imports pandas if it is installed, and so delays the start of a server.
_EMPTY: Final = pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in SCHEMA], schema=SCHEMA)
HEARTBEAT: Final[bytes] = _EMPTY.serialize().to_pybytes()
"""An empty batch, which shows that the connection is alive and changes nothing."""
