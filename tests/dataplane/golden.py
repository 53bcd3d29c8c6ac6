"""What the golden files hold. ``python -m tests.dataplane.golden`` writes those that are missing.

It overwrites none: a file once committed is what some server has in its store, and must be read for good.
"""

import hashlib
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from bokeh_wsgi.dataplane import (
    END,
    HEARTBEAT,
    SCHEMA_MESSAGE,
    Column,
    Op,
    OpCode,
    column_from,
    commit,
    diff,
    encode,
)
from tests.imports import ROOT

from .javascript import as_page_shows
from .streams import DOC, MODEL, keyed

FOLDER = ROOT / "tests" / "golden"


def numbers() -> list[Any]:
    kinds = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"]
    return [np.array([0, 1, 100, 0, 7]).astype(kind) for kind in kinds] + [
        np.array([1.5, -0.0, np.nan, np.inf, 5e-324]),
        np.round(np.sin(np.arange(10_000) / 50), 3),
        np.arange(10_000) % 7,
        np.arange(5000.0),
    ]


def others() -> list[Any]:
    return [
        ["a", "", "żółw", "🐢"],
        ["a", None, "b"],
        [None, 1.5, 2],
        [True, None, False],
        [("a", "b"), ("a", "c")],
        [[1, 2, 3], [], [4.5]],
        [[[[1, 2, 3], [4, 5]], [[6]]], [[[7.5]]], []],
        [np.arange(6, dtype=np.uint32).reshape(2, 3)] * 2,
        [np.arange(6.0).reshape(2, 3), np.arange(4.0).reshape(2, 2)],
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        [{"a": [1, None]}, 2, "x"],
        [],
        np.array(["x", "yz"]),
    ]


def whole(values: list[Any]) -> list[Op]:
    columns = [column_from(value) for value in values]
    return [
        Op(OpCode.REPLACE, MODEL, f"column {n}", count=column.rows, values=column)
        for n, column in enumerate(columns)
    ]


def steps() -> list[Op]:
    """The ops of a column's life, each from diff."""
    walk = np.round(np.cumsum(np.sin(np.arange(3000.0))), 2)
    states = [walk, walk.copy(), np.append(walk[100:], [1.25] * 50), np.arange(3000.0), np.zeros((0,))]
    states[1][[5, 2000]] = -1.0
    columns: list[Column | None] = [None, *map(column_from, states)]
    ops = [op for old, new in pairwise(columns) if new for op in diff(old, new)]
    return [*keyed(ops, base=0), Op(OpCode.REMOVE, MODEL, "old")]


def decimals() -> list[Op]:
    """Floats that travel as integers, in every op and layout."""
    walk = np.round(np.cumsum(np.sin(np.arange(3000.0))), 2)
    walk[[7, 70, 700]] = [np.nan, -0.0, 0.0]
    values = [
        walk,
        walk.astype(np.float32),
        walk.tolist(),
        [walk[:1000].tolist(), [], walk[1000:].tolist()],
        walk.reshape(1000, 3),
        np.arange(3000) ** 2 % 97 * 1.0,
        [None if row % 5 == 0 else row % 11 / 4 for row in range(3000)],
    ]
    column, longer = column_from(walk), column_from(-walk)
    return [
        *whole(values),
        Op(OpCode.APPEND, MODEL, "old", base=3, start=5, count=3000, drop=2, values=column),
        Op(OpCode.WRITE, MODEL, "old", base=3, start=5, count=3000, values=longer),
    ]


CHANGES: dict[str, Callable[[], list[Op]]] = {
    "numbers": lambda: [Op(OpCode.GRAPH, json='{"roots":[]}'), *whole(numbers())],
    "others": lambda: whole(others()),
    "steps": steps,
    "decimals": decimals,
    "models": lambda: [
        Op(OpCode.PATCH, json='{"events":[]}'),
        Op(OpCode.EVENT, MODEL, json="{}"),
    ],
}

EARLIER = {"numbers", "steps"}
"""They hold rounded floats, from before these were sent as integers."""


def stream(name: str) -> bytes:
    frames = encode(DOC, CHANGES[name]())
    return b"".join([SCHEMA_MESSAGE, HEARTBEAT, *frames, commit(DOC, 7, {"token": "t"}), END])


def described(ops: list[Op]) -> list[dict[str, Any]]:
    """Ops as JSON; floats by their bits, many rows by their hash."""
    return [
        {
            "op": op.code.name, "model": op.model, "column": op.column, "base": op.base, "start": op.start,
            "count": op.count, "drop": op.drop, "json": op.json, "dtype": op.dtype,
            "shape": list(op.values.shape) if op.values else [],
            "values": _values(op.values) if op.values else None,
        }
        for op in ops
    ]  # fmt: skip


def _values(column: Column) -> Any:
    if column.rows <= 100:
        return _exact(as_page_shows(column))
    return hashlib.sha256(
        b"".join([*(ends.tobytes() for ends in column.offsets), column.data.tobytes()])
    ).hexdigest()


def _exact(value: Any) -> Any:
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    return value.hex() if isinstance(value, float) else value


if __name__ == "__main__":
    from bokeh_wsgi.dataplane import Reader

    for name in CHANGES:
        path = FOLDER / f"{name}.arrows"
        if not path.exists():
            path.write_bytes(stream(name))
            (change,) = Reader().feed(path.read_bytes())
            (FOLDER / f"{name}.json").write_text(json.dumps(described(change.ops), ensure_ascii=False))
