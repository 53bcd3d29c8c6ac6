"""Encoding a column of each kind, the filter chosen by itself: this project and Arrow's own compression."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from bokeh_wsgi.dataplane import (
    SCHEMA_MESSAGE,
    Change,
    FilterMemory,
    Op,
    OpCode,
    Reader,
    column_from,
    commit,
    decode_upload,
    encode,
    encode_pieces,
    encode_upload,
)

from .kinds import KINDS, make

SIDES = ["ours", "Arrow LZ4", "Arrow ZSTD"]
ratios: dict[str, dict[str, float]] = {}


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> int:
    return 1_000_000 if request.config.getoption("benchmark_enable") else 100_000


@pytest.fixture(scope="module", autouse=True)
def bytes_in_the_summary(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    for kind, sides in ratios.items():
        told = ", ".join(f"{side} {ratio:.2f}" for side, ratio in sides.items())
        terminal.write_line(f"bytes in / bytes out, {kind}: {told}")


def by_ours(values: Any) -> Callable[[], int]:
    ops = [Op(OpCode.REPLACE, "p1", "y", count=len(values), values=column_from(values))]
    memory = FilterMemory()
    return lambda: sum(map(len, list(encode_pieces("doc", ops, memory))))


def by_arrow(values: Any, compression: str) -> Callable[[], int]:
    batch = pa.RecordBatch.from_arrays([pa.array(values)], names=["y"])
    options = pa.ipc.IpcWriteOptions(compression=compression)

    def write() -> int:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
            writer.write_batch(batch)
        size: int = sink.getvalue().size
        return size

    return write


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", KINDS)
def test_encode(benchmark: Any, kind: str, side: str, rows: int) -> None:
    values = make(kind, rows)
    run = by_ours(values) if side == "ours" else by_arrow(values, side.split()[1].lower())
    benchmark.group = f"encode {rows:,} of {kind}"

    size = benchmark.pedantic(run, rounds=9, warmup_rounds=1)

    ratio = values.nbytes / size
    benchmark.extra_info["ratio"] = ratio
    ratios.setdefault(kind, {})[side] = ratio


def test_no_kind_takes_more_bytes_than_with_arrow_and_most_take_fewer() -> None:
    columns = [make(kind, 1_000_000) for kind in KINDS]

    shares = [by_arrow(values, "lz4")() / by_ours(values)() for values in columns]

    assert min(shares) > 0.97
    assert sum(share > 1 for share in shares) >= 7


SMALL = {
    "80 KB of noise": [np.random.default_rng(0).random(10_000)],
    "two appends of 8 KB": [np.random.default_rng(n).random(1000) for n in (1, 2)],
}


def steps_by_ours(arrays: list[Any]) -> dict[str, Callable[[], Any]]:
    columns, memory = [column_from(values) for values in arrays], FilterMemory()
    ops = [
        Op(OpCode.APPEND, "p1", f"y{n}", 3, 0, column.rows, 0, values=column)
        for n, column in enumerate(columns)
    ]
    upload = b"".join(encode_upload("doc", ops))
    change = b"".join([*encode("doc", ops), commit("doc", 4)])

    def read() -> list[Change]:
        reader = Reader()
        reader.feed(SCHEMA_MESSAGE)
        return reader.feed(change)

    return {
        "encode": lambda: encode_upload("doc", ops, memory),
        "decode an upload": lambda: decode_upload(upload, "doc"),
        "read a change": read,
    }


def steps_by_arrow(arrays: list[Any]) -> dict[str, Callable[[], Any]]:
    """A plain stream of the values alone, validated but not understood."""

    def write() -> Any:
        batch = pa.RecordBatch.from_arrays(
            [pa.array(values) for values in arrays], names=["a", "b"][: len(arrays)]
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(
            sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")
        ) as writer:
            writer.write_batch(batch)
        return sink.getvalue()

    data = write()

    def read() -> Any:
        table = pa.ipc.open_stream(data).read_all()
        table.validate(full=True)
        return table

    return {"encode": write, "decode an upload": read, "read a change": read}


@pytest.mark.parametrize("side", ["ours", "Arrow LZ4"])
@pytest.mark.parametrize("step", ["encode", "decode an upload", "read a change"])
@pytest.mark.parametrize("name", SMALL)
def test_a_small_change(benchmark: Any, name: str, step: str, side: str) -> None:
    benchmark.group = f"{step}, {name}"
    steps = (steps_by_ours if side == "ours" else steps_by_arrow)(SMALL[name])

    assert benchmark(steps[step])
