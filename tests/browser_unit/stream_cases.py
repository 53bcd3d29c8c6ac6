"""Streams of column ops, as a server sends them, and what a page must hold after each change."""

import json
import math
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
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

Rng = np.random.Generator
Make = Callable[[Rng, int], Any]


def _integers(dtype: str) -> Make:
    limits = np.iinfo(dtype)
    return lambda rng, rows: rng.integers(limits.min, limits.max, rows, dtype, endpoint=True)


def _floats(dtype: str) -> Make:
    def make(rng: Rng, rows: int) -> Any:
        values = rng.standard_normal(rows).astype(dtype)
        values[rng.random(rows) < 0.2] = rng.choice(np.array([np.nan, -0.0, np.inf, -np.inf], dtype))
        return values

    return make


def _nan_payloads(rng: Rng, rows: int) -> Any:
    return (rng.integers(0, 2**51, rows, "u8") | 0x7FF8_0000_0000_0000).view("f8")


def _rounded(dtype: str) -> Make:
    def make(rng: Rng, rows: int) -> Any:
        values = np.round(rng.normal(0, 0.05, rows), 2).astype(dtype)
        values[rng.random(rows) < 0.05] = np.nan
        return values

    return make


def _words(rng: Rng, rows: int) -> list[Any]:
    return [None if k < 1 else "ä€𝄞"[: int(k) % 4] + "z" * int(k) for k in rng.integers(0, 9, rows)]


KINDS: dict[str, Make] = {
    **{dtype: _integers(dtype) for dtype in ("i1", "u1", "i2", "u2", "i4", "u4")},
    "f4": _floats("f4"),
    "f8": _floats("f8"),
    "payloads": _nan_payloads,
    "decimals": _rounded("f8"),
    "decimals f4": lambda rng, rows: _rounded("f4")(rng, rows * 150).reshape(rows, 150),
    "decimals list": lambda rng, rows: _rounded("f8")(rng, rows).tolist(),
    "decimals with gaps": lambda rng, rows: [
        None if value != value else value for value in _rounded("f8")(rng, rows).tolist()
    ],
    "decimals table": lambda rng, rows: _rounded("f8")(rng, rows * 6).reshape(rows, 6),
    "decimals lines": lambda rng, rows: [_rounded("f4")(rng, k) for k in rng.integers(1, 300, rows)],
    "bool": lambda rng, rows: rng.random(rows) < 0.5,
    "ramp": lambda rng, rows: 0.1 * np.arange(rows) - 7.3,
    "ramp f4": lambda rng, rows: np.arange(rows).astype("f4") / 8,
    "ramp list": lambda rng, rows: list(range(rows)),
    "list": lambda rng, rows: rng.standard_normal(rows).tolist(),
    "gaps": lambda rng, rows: [None if k < 2 else float(k) for k in rng.integers(0, 9, rows)],
    "flags": lambda rng, rows: (rng.random(rows) < 0.5).tolist(),
    "flags with gaps": lambda rng, rows: [[None, True, False][k] for k in rng.integers(0, 3, rows)],
    "masked": lambda rng, rows: np.ma.array(rng.random(rows), mask=rng.random(rows) < 0.3),
    "words": _words,
    "ascii": lambda rng, rows: [f"row {k}" for k in rng.integers(0, 10**6, rows)],
    "strings": lambda rng, rows: np.array(["é", "bc", ""])[rng.integers(0, 3, rows)],
    "factors": lambda rng, rows: [("a" if k % 2 else "b", str(k)) for k in rng.integers(0, 9, rows)],
    "lines": lambda rng, rows: [rng.random(k).tolist() for k in rng.integers(0, 5, rows)],
    "arrays": lambda rng, rows: [rng.random(k) for k in rng.integers(1, 5, rows)],
    "equal arrays": lambda rng, rows: [rng.integers(0, 9, 3, "u1") for _ in range(rows)],
    "polygons": lambda rng, rows: [[[rng.random(3).tolist(), []]] for _ in range(rows)],
    "polygon arrays": lambda rng, rows: [[[rng.random(3), rng.random(k)]] for k in rng.integers(0, 4, rows)],
    "table": lambda rng, rows: rng.standard_normal((rows, 3)),
    "cube": lambda rng, rows: rng.integers(0, 255, (rows, 2, 4), "u1"),
    "images": lambda rng, rows: [rng.integers(0, 2**32, (2, 3), "u4") for _ in range(rows)],
    "images of all sizes": lambda rng, rows: [rng.random((k, 5 - k)) for k in rng.integers(1, 5, rows)],
    "mixed": lambda rng, rows: [[1, "one", None, 2.5, True, [1, "two"]][k] for k in rng.integers(0, 6, rows)],
}


def _next(rng: Rng, make: Make, old: Any) -> Any:
    """The values of the next step: other, grown, rolled, overwritten, or gone."""
    rows, choice = len(old), rng.integers(0, 6)
    if choice == 0:
        return make(rng, int(rng.integers(0, 40)))
    if choice < 4:
        new, drop = make(rng, int(rng.integers(1, 9))), int(rng.integers(0, 4)) if choice > 1 else 0
        if isinstance(old, np.ma.MaskedArray):
            return np.ma.concatenate([old, new])[drop:]  # type: ignore[no-untyped-call]
        return (np.concatenate([old, new]) if isinstance(old, np.ndarray) else [*old, *new])[drop:]
    new = old.copy()
    if rows > 3:
        at = int(rng.integers(0, rows - 2))
        new[at : at + 2] = make(rng, 2)
    return new


def exact(value: Any) -> Any:
    """A column's value in JSON, to the last bit; test/streams.test.ts writes the same."""
    if isinstance(value, np.ma.MaskedArray):
        value = [None if mask else item for item, mask in zip(value, np.ma.getmaskarray(value), strict=True)]
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        data = b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"dtype": value.dtype.name, "shape": list(value.shape), "base64": data}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray | list | tuple):
        return [exact(item) for item in value]
    if isinstance(value, float) and (
        not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0)
    ):
        return {"number": str(value)}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _ops(name: str, old: Column | None, new: Column) -> list[Op]:
    return [replace(op, model="source", column=name) for op in diff(old, new)]


def changes(steps: int) -> Iterator[tuple[bytes, Any]]:
    """(the change's bytes, {column: exact values} after it)."""
    rng = np.random.default_rng(11)
    values = {name: make(rng, 20) for name, make in KINDS.items()}
    held: dict[str, Column] = {}
    for seq in range(1, steps + 1):
        ops = []
        for name, make in KINDS.items():
            if seq > 1 and rng.random() < 0.5:
                values[name] = _next(rng, make, values[name])
            new = column_from(values[name]).copy()
            ops += _ops(name, held.get(name), new)
            held[name] = new
        if seq % 7 == 0:
            ops.append(Op(OpCode.REMOVE, model="source", column="words"))
            held.pop("words")
        frame = b"".join(encode("doc", ops)) + commit("doc", seq, {"token": "t"} if seq == 3 else None)
        yield frame, {name: exact(column.values()) for name, column in held.items()}


def write_stream(folder: Path, *, steps: int = 40) -> None:
    """Write stream.arrow and stream.json: [{column: exact values} after each change]."""
    frames, expected = zip(*changes(steps), strict=True)
    pieces = [SCHEMA_MESSAGE, *(piece for frame in frames for piece in (HEARTBEAT, frame)), END]
    (folder / "stream.arrow").write_bytes(b"".join(pieces))
    (folder / "stream.json").write_text(json.dumps(expected))


def write_large(folder: Path) -> None:
    """Write large.arrow, a column of several rows on the wire, and large.bin, its values."""
    values = np.random.default_rng(3).standard_normal(1_000_003).cumsum()
    ops = [Op(OpCode.REPLACE, "source", "y", count=len(values), values=column_from(values))]
    stream = [SCHEMA_MESSAGE, *encode("doc", ops), commit("doc", 1), END]
    (folder / "large.arrow").write_bytes(b"".join(stream))
    (folder / "large.bin").write_bytes(values.tobytes())


def write_decimals(folder: Path) -> None:
    """Write decimals.arrow: long columns of decimals, then rows of them appended and overwritten.

    What column x has after each change is in x-1.bin and x-2.bin.
    """
    rng = np.random.default_rng(5)
    changes: tuple[list[Op], list[Op]] = ([], [])
    names = {"prices": "f8", "sensor": "f4"}
    for name, dtype in names.items():
        values = np.round(rng.normal(0, 0.05, 1_000_003).cumsum(), 2).astype(dtype)
        values[rng.integers(0, len(values), 1000)] = np.nan
        values[rng.integers(0, len(values), 1000)] = -0.0
        # The third row on the wire is no decimals.
        values[600_000] = 0.1 + 0.2
        over, more = -values[:500_000], values[:400_000]
        new = np.concatenate([values[7:], more])
        new[11 : 11 + len(over)] = over
        ops = [
            Op(OpCode.APPEND, start=len(values) - 7, drop=7, count=len(more), values=column_from(more)),
            Op(OpCode.WRITE, start=11, count=len(over), values=column_from(over)),
        ]
        changes[0].append(Op(OpCode.REPLACE, "source", name, count=len(values), values=column_from(values)))
        changes[1].extend(replace(op, model="source", column=name, base=1) for op in ops)
        (folder / f"{name}-1.bin").write_bytes(values.tobytes())
        (folder / f"{name}-2.bin").write_bytes(new.tobytes())
    frames = [[*encode("doc", ops), commit("doc", seq)] for seq, ops in enumerate(changes, 1)]
    (folder / "decimals.arrow").write_bytes(b"".join([SCHEMA_MESSAGE, *frames[0], *frames[1], END]))


def pieces() -> dict[str, str]:
    """What a test's own server answers with, in base64: changes that say only their number, and the rest."""
    made = {
        "schema": SCHEMA_MESSAGE,
        "heartbeat": HEARTBEAT,
        "end": END,
        "token": commit("doc", 1, {"token": "second"}),
        "deleted": commit("doc", 1, {"end": "deleted"}),
        "other": commit("other", 1, {"token": "renewed"}),
        **{str(seq): commit("doc", seq) for seq in range(1, 6)},
    }
    return {name: b64encode(piece).decode() for name, piece in made.items()}
