"""Views of lines whose columns Python and JavaScript compute alike, to compare what both choose.

``python -m tests.dataplane.line_cases`` writes browser/test/fixtures/line-rows.json.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any, TypedDict, cast

import numpy as np

from bokeh_wsgi.dataplane import PixelColumns, Pyramid, ScreenAxis, line_rows
from tests.imports import ROOT

FIXTURE = ROOT / "browser" / "test" / "fixtures" / "line-rows.json"
ROWS = 12_000
Array = np.ndarray[Any, Any]
Axis = tuple[str, float, float, float, float]
"""Kind, source_start, source_end, target_start, target_end."""


class Case(TypedDict):
    """A view of two columns (shape, dtype): of the rows between ``ends``.

    The columns had ``rows`` rows; then ``dropped`` went at the front, and half as many came at the end.
    """

    name: str
    rows: int
    dropped: int
    x: tuple[str, str]
    y: tuple[str, str]
    columns: Axis
    ratio: float
    axis: Axis
    ends: tuple[int, int]
    fewest: float


def mixed(rows: int, seed: int) -> Array:
    """A number below 2**32 for each row, as if at random: the end of MurmurHash3."""
    h = np.arange(rows, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
    return h.astype(np.int64)


ASCENDING: dict[str, Callable[[int], Array]] = {
    "even": lambda n: np.arange(n),
    "quarters": lambda n: np.arange(n) / 4 - 100,
    "repeated": lambda n: np.arange(n) // 50,
    "uneven": lambda n: np.cumsum(np.where(mixed(n, 1) % 1000 == 0, 3000, mixed(n, 1) % 16)),
    "from 1": lambda n: np.arange(n) + 1,
}
VALUES: dict[str, Callable[[int], Array]] = {
    "walk": lambda n: np.cumsum(mixed(n, 2) % 201 - 100) / 8,
    "noise": lambda n: mixed(n, 3) / 2**32,
    "spikes": lambda n: np.where(mixed(n, 4) % 2401 == 0, mixed(n, 5) % 100, 0),
    "gaps": lambda n: np.where(mixed(n, 6) % 100 == 0, np.nan, np.arange(n) % 977),
    "runs of NaN": lambda n: np.where(np.arange(n) // 150 % 7 == 0, np.nan, mixed(n, 7) / 2**32),
    "thirds": lambda n: np.where(np.arange(n) % 3 == 0, np.nan, mixed(n, 8) / 2**32),
    "infinities": lambda n: np.where(
        mixed(n, 9) % 250, mixed(n, 9) / 2**32, (mixed(n, 10) % 2 - 0.5) * np.inf
    ),
    "steps": lambda n: np.arange(n) // 700 % 5,
    "small": lambda n: mixed(n, 11) % 128 - 64,
    "nothing": lambda n: np.full(n, np.nan),
    "around 0": lambda n: (mixed(n, 12) % 1000 - 50) / 16,
    "above 0": lambda n: (mixed(n, 13) % 100_000 + 1) / 16,
}


@cache
def column(shape: str, dtype: str, rows: int) -> Array:
    made = (ASCENDING.get(shape) or VALUES[shape])(rows).astype(dtype)
    made.flags.writeable = False
    return made


def before(case: Case) -> tuple[Array, Array]:
    x, y = (column(*of, case["rows"]) for of in (case["x"], case["y"]))
    return x, y


def after(case: Case) -> tuple[Array, Array]:
    """The columns of the view."""
    rows, dropped = case["rows"], case["dropped"]
    x, y = (column(*of, rows + dropped // 2)[dropped:] for of in (case["x"], case["y"]))
    return x, y


def axis_of(numbers: Axis) -> ScreenAxis:
    return ScreenAxis(*numbers)  # type: ignore[arg-type]


def rows_of(case: Case) -> Array:
    x, y = after(case)
    pyramid = Pyramid(before(case)[1])
    pyramid.move(y, case["dropped"])
    return line_rows(
        x, pyramid, PixelColumns(axis_of(case["columns"]), case["ratio"]), axis_of(case["axis"]),
        from_row=case["ends"][0], to_row=case["ends"][1], fewest=case["fewest"],
    )  # fmt: skip


def is_clear(values: Array, columns: PixelColumns) -> bool:
    """Whether all are in the same columns of pixels if the last digits of a logarithm are others."""
    with np.errstate(all="ignore"):
        screen = columns.axis.compute(values)
        a, b = (np.floor((np.float32(screen + by) + 0.5) * columns.ratio) for by in (-1e-9, 1e-9))
    return columns.axis.kind == "linear" or np.array_equal(a, b, equal_nan=True)


def cases() -> Iterator[Case]:
    zooms = [(-0.05, 1.05), (0.2, 0.45), (0.61, 0.6105), (0.9, 1.3), (0.3, 0.97)]
    dtypes = {"small": ["int8", "int16", "int32"], "steps": ["uint8", "uint16", "uint32"]}
    spacings = ["even", "uneven", "repeated", "quarters"]
    for i, (shape, spacing) in enumerate(product(VALUES, spacings)):
        dtype = dtypes.get(shape, ["float64", "float32"])
        yield _case(
            f"{shape}, {spacing} x",
            (spacing, "float32" if spacing == "quarters" else "int32" if i % 8 == 0 else "float64"),
            (shape, dtype[i // 2 % len(dtype)]),
            part=zooms[i % 5], ratio=(1, 2, 1.5)[i % 3], dropped=(0, 1000, 0, 7000)[i // 4 % 4],
            target=((0, 500), (60, 0), (0, 40), (500, 0), (0, 500))[(i + i // 4) % 5],
            ends=(2000, 7777) if i % 9 == 4 else None,
        )  # fmt: skip
    for i, (shape, spacing) in enumerate(product(["around 0", "above 0", "small"], spacings)):
        yield _case(
            f"{shape} on a log axis, {spacing} x", (spacing, "float64"), (shape, "float64"),
            part=zooms[i % 5], axis=("log", 0.01, 1000.0, 300.0, 0.0),
        )  # fmt: skip
    for i, shape in enumerate(["walk", "gaps", "thirds", "around 0"]):
        x, y = ("from 1", "float64"), (shape, "float64")
        yield _case(f"{shape}, log x", x, y, source=(0.5, 20_000.0), kind="log", ratio=1 + i % 2)
        yield _case(f"{shape}, log x backwards", x, y, source=(900.0, 7.0), kind="log")
    x, y = ("even", "float64"), ("thirds", "float64")
    yield _case("few rows", x, y, source=(100.5, 140.5), target=(0, 1), fewest=40)
    yield _case("one row too many", x, y, source=(100.5, 140.5), target=(0, 1), fewest=39)
    yield _case("between two rows", x, y, source=(100.2, 100.7))
    yield _case("left of all rows", x, y, source=(-100.0, -50.0))
    yield _case("right of all rows", x, y, source=(20_000.0, 30_000.0))
    yield _case("left of the rows that are drawn", x, y, source=(10.0, 50.0), ends=(1000, 2000))
    yield _case("right of the rows that are drawn", x, y, source=(3000.0, 5000.0), ends=(1000, 2000))
    yield _case("no rows drawn", x, y, source=(3000.0, 5000.0), ends=(4000, 4000))
    yield _case("values far outside", x, ("walk", "float64"), axis=("linear", 0.0, 1e-40, 300.0, 0.0))
    yield _case("parts far outside", x, y, axis=("linear", 5.0, 5.0 + 1e-9, 0.0, 300.0))


def _case(
    name: str,
    x: tuple[str, str],
    y: tuple[str, str],
    *,
    part: tuple[float, float] = (-0.1, 1.1),
    source: tuple[float, float] | None = None,
    kind: str = "linear",
    target: tuple[float, float] = (0, 500),
    axis: Axis | None = None,
    **more: Any,
) -> Case:
    """A view of a part of x, or from one x to another; of all y, or of an axis."""
    case: Any = {"name": name, "rows": ROWS, "dropped": 0, "x": x, "y": y, "ratio": 1, "fewest": 0, **more}
    xs, ys = after(case)
    if source is None:
        lowest, highest = float(xs[0]), float(xs[-1])
        source = lowest + part[0] * (highest - lowest), lowest + part[1] * (highest - lowest)
    finite = ys[np.isfinite(ys)] if np.isfinite(ys).any() else np.zeros(1)
    across = axis or ("linear", float(np.min(finite)) - 1, float(np.max(finite)) + 1, 300, 0)
    ends = more.get("ends") or (0, len(xs))
    return cast(Case, {**case, "columns": (kind, *source, *target), "axis": across, "ends": ends})


def fixture() -> list[dict[str, Any]]:
    """Each case with the rows chosen; if they are many, their number and a digest of them as int32."""
    told: list[dict[str, Any]] = [{**case, **_told(rows_of(case))} for case in cases()]
    return told


def _told(rows: Array) -> dict[str, Any]:
    digest = hashlib.sha256(rows.astype("<i4").tobytes()).hexdigest()[:16]
    return {"chosen": rows.tolist()} if len(rows) <= 40 else {"count": len(rows), "digest": digest}


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in fixture())
    FIXTURE.write_text(f"[\n{lines}\n]\n")
