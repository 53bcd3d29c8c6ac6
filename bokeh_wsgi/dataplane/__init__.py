"""Columns, what changed in them, and the bytes of it: pure numpy, pyarrow and blosc2 (docs/dataplane.md)."""

from .codec import FilterMemory as FilterMemory
from .columns import NUMBERS as NUMBERS
from .columns import Column as Column
from .columns import concat as concat
from .diff import diff as diff
from .frame import commit as commit
from .frame import encode as encode
from .frame import encode_pieces as encode_pieces
from .frame import encode_upload as encode_upload
from .growing import GrowingColumn as GrowingColumn
from .intake import column_from as column_from
from .intake import take_column as take_column
from .limits import Limits as Limits
from .lists import texts_column as texts_column
from .ops import Op as Op
from .ops import OpCode as OpCode
from .reader import Buffer as Buffer
from .reader import Change as Change
from .reader import Reader as Reader
from .reader import decode_upload as decode_upload
from .schema import END as END
from .schema import HEARTBEAT as HEARTBEAT
from .schema import SCHEMA as SCHEMA
from .schema import SCHEMA_MESSAGE as SCHEMA_MESSAGE
