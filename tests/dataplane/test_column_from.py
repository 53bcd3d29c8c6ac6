"""Everything a ColumnDataSource may hold becomes a column, and arrives as Bokeh itself would send it."""

import array
import datetime as dt
import enum
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bokeh_wsgi.dataplane import Column, Op, OpCode, Reader, column_from, commit, encode, take_column
from bokeh_wsgi.dataplane.plain import from_plain, to_plain
from bokeh_wsgi.dataplane.schema import SCHEMA_MESSAGE
from bokeh_wsgi.exc import ColumnError

from .javascript import as_bokeh_sends, as_page_shows, same

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
DAY = dt.date(2024, 2, 29)
NOON = dt.datetime(2024, 2, 29, 12, 0, 0, 123456)  # noqa: DTZ001
ZONED = dt.datetime(2024, 2, 29, 12, tzinfo=dt.timezone(dt.timedelta(hours=5)))


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def sent(column: Column) -> Column:
    """A column as it comes out of the wire's bytes."""
    op = Op(OpCode.REPLACE, model="m", column="c", count=column.rows, values=column)
    (change,) = Reader().feed(b"".join([SCHEMA_MESSAGE, *encode("d", [op]), commit("d", 1)]))
    values = change.ops[0].values
    assert values is not None
    return values


def objects(*items: Any) -> np.ndarray[Any, Any]:
    result = np.empty(len(items), dtype=object)
    result[:] = items
    return result


AS_BOKEH: dict[str, Any] = {
    "floats": [1.5, -0.0, float("inf"), float("-inf"), float("nan")],
    "ints": [1, -2, 2**31 - 1],
    "unsigned ints": [0, 2**32 - 1],
    "large ints": [2**40, -(2**53) + 2],
    "ints and floats": [1, 2.5, float("nan")],
    "numpy scalars": [np.float32(0.1), np.int64(7), np.float64(2.5)],
    "bools": [True, False],
    "numpy bools": [np.True_, False],
    "bools and ints": [True, 2],
    "int enums": [Level.LOW, Level.HIGH],
    "strings": ["a", "", "żółw", "🐢", "a\x00b"],
    "numpy strings": [np.str_("a"), "b"],
    "a lone surrogate": ["\ud800", "b"],
    "None and numbers": [None, 1.5, 2],
    "None and ints": [1, None],
    "None and strings": ["a", None, ""],
    "None and bools": [True, None],
    "only None": [None, None],
    "nothing": [],
    "strings and NaN": ["a", float("nan")],
    "strings and numbers": ["a", 1, 2.5, None],
    "tuple": (1, 2, 3),
    "datetimes": [NOON, NOON.replace(year=1968)],
    "zoned datetimes": [ZONED],
    "dates in a list": [DAY, dt.date(1900, 1, 1)],
    "times": [dt.time(12, 30, 1, 5)],
    "durations": [dt.timedelta(days=1, microseconds=7)],
    "datetimes and None": [NOON, None],
    "datetimes and numbers": [NOON, 5],
    "timestamps": [pd.Timestamp("2024-02-29 12:00:00.123456789"), pd.NaT],
    "pandas durations": [pd.Timedelta("1 day")],
    "periods": [pd.Period("2024-02")],
    "pandas NA": [1, pd.NA],
    "datetime64 scalars": [np.datetime64("2024-02-29T12:00"), np.datetime64("NaT", "s")],
    "timedelta64 scalars": [np.timedelta64(5, "s")],
    "factors of two": [("a", "b"), ("a", "c")],
    "factors of three": [("2015", "Q1", "Jan"), ("2015", "Q1", "Feb")],
    "factors of unequal length": [("a", "b"), ("c",)],
    "nested factors": [("a", ("b", "c"))],
    "lists of strings": [["a", "b"], ["c"]],
    "ragged lists": [[1, 2, 3], [], [4.5]],
    "lists of equal length": [[1, 2], [3, 4]],
    "empty lists": [[], []],
    "tuples of numbers": [(1, 2), (3,)],
    "lists with NaN": [[1.0, float("nan")], [2.0]],
    "lists with None": [[1, None], [2]],
    "lists and scalars": [[1], 2],
    "multi-polygons": [[[[1, 2, 3], [4, 5]], [[6]]], [[[7.5]]], []],
    "1-d arrays": [np.arange(3), np.arange(2) / 2],
    "float arrays": [np.arange(3.0), np.arange(0.0)],
    "arrays of strings": [np.array(["a", "b"]), np.array(["c"])],
    "arrays in lists": [[np.arange(3.0)], [np.arange(2.0), np.arange(1.0)]],
    "arrays and lists": [np.arange(3), [1.5]],
    "arrays of times": [np.array(["2024-02-29"], dtype="M8[D]")],
    "0-d arrays": [np.array(1.5), np.array(2)],
    "images": [np.arange(6).reshape(2, 3), np.arange(6).reshape(2, 3)],
    "images of unequal size": [np.arange(6.0).reshape(2, 3), np.arange(4.0).reshape(2, 2)],
    "rgba images": [np.arange(6, dtype=np.uint32).reshape(2, 3)],
    "rgba bytes": [np.zeros((2, 3, 4), dtype=np.uint8), np.zeros((1, 3, 4), dtype=np.uint8)],
    "series in a list": [pd.Series([1.5, 2]), pd.Series([3.5])],
    "dicts": [{"a": 1, "b": float("inf")}, {}],
    "2-d array": np.arange(6).reshape(2, 3),
    "3-d array": np.arange(24.0).reshape(2, 3, 4),
    "transposed": np.arange(6).reshape(2, 3).T,
    "strided": np.arange(20.0)[::-3],
    "fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "empty 2-d": np.zeros((0, 3)),
    "bool array": np.array([[True], [False]]),
    "string array": np.array(["a", "bcd", ""]),
    "2-d string array": np.array([["a", "b"], ["c", "d"]]),
    "object array of strings": objects("a", "b"),
    "object array of numbers": objects(1, 2.5),
    "object array of dates": objects(DAY, DAY),
    "object array of datetimes": objects(NOON, NOON),
    "object array of lists": objects([1, 2], [3]),
    "object array of tuples": objects(("a", "b"), ("c", "d")),
    "2-d object array": np.array([[1, "a"], [None, 2.5]], dtype=object),
    "datetime64[D]": np.array(["2024-02-29", "NaT", "1900-01-01"], dtype="M8[D]"),
    "datetime64[ns]": np.array(["2024-02-29T12:00:00.123456789"], dtype="M8[ns]"),
    "timedelta64[s]": np.array([5, -7], dtype="m8[s]"),
    "masked floats": np.ma.masked_array([1.0, 2.0], mask=[False, True]),
    "series": pd.Series([1.5, 2.5]),
    "series of int64": pd.Series([1, 2]),
    "series of strings": pd.Series(["a", "b"]),
    "series of strings with a gap": pd.Series(["a", None]),
    "series of nullable ints": pd.Series([1, None], dtype="Int64"),
    "series of nullable bools": pd.Series([True, None], dtype="boolean"),
    "series of times": pd.Series([pd.Timestamp("2024-02-29 12:00"), pd.NaT]),
    "series of durations": pd.Series(pd.to_timedelta([1, 2], unit="s")),
    "series of dates": pd.Series([DAY, DAY]),
    "series of periods": pd.Series(pd.period_range("2024-01", periods=2, freq="M")),
    "categorical": pd.Categorical(["a", "b", "a"]),
    "series of categories": pd.Series(["a", "b"], dtype="category"),
    "index": pd.Index([3, 4]),
    "range index": pd.RangeIndex(3),
    "time index": pd.date_range("2024-02-29", periods=3, freq="h"),
    "period index": pd.period_range("2024-01", periods=2, freq="M"),
    "multi-index": pd.MultiIndex.from_tuples([("a", "b"), ("c", "d")]),
    "arrow numbers": pa.array([1.5, 2.5]),
    "arrow numbers with null": pa.array([1, None]),
    "arrow strings": pa.array(["a", None]),
    "arrow chunks": pa.chunked_array([[1, 2], [3]]),
    "arrow times": pa.array([NOON]),
    "arrow lists": pa.array([[1.0, 2.0], [3.0]]),
    "arrow dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
    **{f"array of {dtype}": np.array([0, 1, 100, 0, 1]).astype(dtype) for dtype in DTYPES},
    **{f"big-endian {dtype}": np.array([0, 1, 100]).astype(f">{dtype}") for dtype in DTYPES if dtype != "?"},
    **{f"array.array {code}": array.array(code, [0, 1, 100]) for code in "bBhHiIfd"},
}


@pytest.mark.parametrize("name", AS_BOKEH)
def test_a_column_arrives_as_bokeh_would_send_it(name: str) -> None:
    values = AS_BOKEH[name]

    column = column_from(values)

    assert same(as_page_shows(column), as_bokeh_sends(values))
    assert column.rows == len(values)


@pytest.mark.parametrize(
    ("values", "dtype", "shape", "list_depth"),
    [
        (np.arange(3), "int32", (), 0),
        (np.array([2**40]), "float64", (), 0),
        (np.array([2**32 - 1], dtype=np.uint64), "uint32", (), 0),
        (np.zeros((2, 3, 4), dtype="f4"), "float32", (3, 4), 0),
        ([1, 2], "int32", (), 1),
        (range(5), "int32", (), 1),
        ([1, None], "int32", (), 1),
        ([True], "bool", (), 1),
        (["a"], "utf8", (), 1),
        (np.array(["a"]), "utf8", (), 0),
        ([("a", "b")], "utf8", (2,), 1),
        ([["a", "b"]], "utf8", (-1,), 2),
        ([[1], [2, 3]], "int32", (-1,), 2),
        ([np.zeros(2), np.zeros(3)], "float64", (-1,), 1),
        ([np.zeros((2, 3))] * 4, "float64", (2, 3), 1),
        ([np.zeros((2, 3)), np.zeros((3, 2))], "float64", (-1, -1), 1),
        ([[[[1.5]]]], "float64", (-1, -1, -1), 4),
        ([{"a": 1}], "json", (), 1),
        ([], "float64", (), 1),
    ],
)
def test_its_layout_says_type_shape_and_containers(
    values: Any, dtype: str, shape: tuple[int, ...], list_depth: int
) -> None:
    column = column_from(values)

    assert (column.dtype, column.shape, column.list_depth) == (dtype, shape, list_depth)


def test_lists_come_back_as_lists_and_factors_as_tuples() -> None:
    assert column_from([("a", "b"), ("c", "d")]).values() == [("a", "b"), ("c", "d")]
    assert column_from([("a", "b"), ("c",)]).values() == [("a", "b"), ("c",)]
    assert column_from([[1, 2], [3]]).values() == [[1, 2], [3]]
    assert column_from(["a", None]).values() == ["a", None]
    assert column_from([{"a": [1, None]}, 2]).values() == [{"a": [1, None]}, 2]


def test_arrays_come_back_as_arrays_of_their_type_and_shape() -> None:
    image = np.arange(6, dtype=np.uint32).reshape(2, 3)

    (shown,) = column_from([image]).values()

    assert shown.dtype == image.dtype
    assert np.array_equal(shown, image)
    assert column_from(np.array([True, False])).values().dtype == np.bool_
    assert column_from(np.array(["a"])).values().tolist() == ["a"]


def test_an_array_of_a_wire_type_is_not_copied() -> None:
    values = np.arange(10.0)

    assert np.shares_memory(column_from(values).data, values)


def test_nan_payloads_and_signs_are_kept() -> None:
    bits = np.array([0x7FF8000000000123, 0xFFF0000000000001, 0x8000000000000000], dtype=np.uint64)

    assert column_from(bits.view(np.float64)).data.tobytes() == bits.tobytes()
    assert column_from(bits.view(np.float64).tolist()).data.tobytes() == bits.tobytes()


def test_64_bit_integers_that_do_not_fit_are_rounded_as_javascript_does() -> None:
    assert column_from(np.array([2**53 + 1, 2**62])).values().tolist() == [float(2**53), float(2**62)]
    assert column_from([2**53 + 1]).values() == [2**53]
    assert column_from([2**70 + 1]).values() == [2**70]


@pytest.mark.parametrize(
    "values",
    [
        [1, 2],
        [1, None],
        [2**40, -1],
        [2**40, None, 3],
        [[2**40, 1], [], [2]],
        [[[1], [2**52]]],
        [np.int64(2**40)],
        range(2**40, 2**40 + 5),
    ],
)
def test_integers_of_lists_come_back_as_integers(values: Any) -> None:
    for column in (column_from(values), sent(column_from(values))):
        back = column.values()
        assert back == list(values)
        assert repr(back) == repr(
            [item if item is None or isinstance(item, list) else int(item) for item in values]
        )


def test_floats_of_lists_come_back_as_floats_also_where_they_are_whole() -> None:
    assert repr(sent(column_from([2.0**40, 1.0])).values()) == repr([2.0**40, 1.0])
    assert repr(sent(column_from([2**40, 1.0])).values()) == repr([2.0**40, 1.0])
    assert sent(column_from(np.array([2**40]))).values().dtype == np.float64


MIXED: dict[str, list[Any]] = {
    "lines": [np.arange(3.0), np.arange(4, dtype="i4"), np.arange(2, dtype="f4")],
    "images": [np.zeros((2, 3), "u4"), np.ones((2, 3), "f8")],
    "of several dimensions": [np.arange(3), np.zeros((2, 2))],
    "an empty one": [np.array([]), np.array([1, 2])],
    "bools": [np.array([True, False]), np.array([1.5])],
    "times": [np.array(["2024-02-29"], "M8[D]"), np.array([1], "i2")],
    "large integers": [np.array([2**40]), np.array([1], "i4")],
}


@pytest.mark.parametrize("name", MIXED)
def test_a_list_of_arrays_of_several_types_keeps_that_of_each(name: str) -> None:
    alone = [sent(column_from([array])).values()[0] for array in MIXED[name]]

    back = sent(column_from(MIXED[name])).values()

    assert isinstance(back, list)
    assert [(array.dtype, array.shape) for array in back] == [(array.dtype, array.shape) for array in alone]
    assert all(array.tobytes() == other.tobytes() for array, other in zip(back, alone, strict=True))


def test_a_list_of_arrays_of_one_wire_type_is_no_json() -> None:
    assert column_from([np.arange(3), np.arange(2, dtype="i4")]).dtype == "int32"
    assert column_from([np.array([2**40]), np.array([1.5])]).dtype == "float64"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"dtype": "float64", "shape": [9]},
        {"dtype": "object", "shape": [1]},
        {"dtype": "float64", "shape": "x"},
        {"dtype": "float64", "shape": [1], "array": {"type": "bytes", "data": "AAAA"}},
        {"dtype": "float64", "shape": [1], "array": {"type": "bytes", "data": "!"}},
    ],
)
def test_what_is_not_quite_an_array_stays_as_it_is(spoilt: dict[str, Any]) -> None:
    rep = to_plain(np.array([1.5])) | spoilt

    assert from_plain(rep) == rep


def test_masked_integers_become_nan_where_masked() -> None:
    column = column_from(np.ma.masked_array([1, 2], mask=[False, True]))

    assert same(as_page_shows(column), [1.0, float("nan")])


def test_masked_strings_become_none_where_masked() -> None:
    assert as_page_shows(column_from(np.ma.masked_array(["a", "b"], mask=[False, True]))) == ["a", None]


def test_other_items_go_through_the_fallback() -> None:
    column = column_from([1, object()], fallback=lambda item: "an object" if type(item) is object else item)

    assert column.values() == [1, "an object"]


def test_zoned_times_of_pandas_are_sent_as_utc() -> None:
    zoned = pd.Series(pd.to_datetime(["2024-02-29 12:00"]).tz_localize("Asia/Tokyo"))

    assert as_page_shows(column_from(zoned)) == [
        dt.datetime(2024, 2, 29, 3, tzinfo=dt.UTC).timestamp() * 1000
    ]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (np.array([1j]), "complex128"),
        ([1j], "complex"),
        ([object()], "row 0"),
        ("text", "str"),
        (b"bytes", "bytes"),
        (5, "int"),
        (None, "NoneType"),
        ({"a": 1}, "dict"),
        (np.array(5), "single value"),
        (iter([1]), "list_iterator"),
        ([10**400], "too large"),
        (range(2**70), "64-bit"),
    ],
)
def test_what_can_not_be_a_column_is_refused_by_name(values: Any, what: str) -> None:
    with pytest.raises(ColumnError, match=what):
        column_from(values)


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(ColumnError, match="row 0"):
        column_from(endless)


@pytest.mark.parametrize(
    ("values", "own"),
    [
        (np.arange(5.0), False),
        (np.arange(5.0)[1:3], False),
        (np.ma.array([1.0, 2.0], mask=[False, True]), True),
        (np.arange(10.0)[::2], True),
        (np.arange(5), True),
        (np.arange(5).astype(">f8"), True),
        (np.array(["2024-01-01"], dtype="M8[ns]"), True),
        (np.array(["a", "b"]), True),
        (pd.Series([1.0, 2.0]), False),
        (pd.Series(["a", "b"]), True),
        ([1.0, 2.0], True),
        ((1, 2), True),
        (range(5), True),
        (column_from([1.0]), False),
    ],
)
def test_it_is_known_whether_the_memory_of_a_column_is_its_own(values: Any, own: bool) -> None:
    column, is_own = take_column(values)

    assert column.equals(column_from(values))
    assert is_own is own


def test_times_take_no_more_memory_than_their_column() -> None:
    times = np.datetime64("2024-01-01", "ns") + np.arange(1_000_000) * np.timedelta64(1, "s")
    times[70_000] = np.datetime64("NaT", "ns")

    tracemalloc.start()
    column = column_from(times)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 1.2 * column.nbytes
    assert np.flatnonzero(np.isnan(column.data)).tolist() == [70_000]
    assert column.data[-1] == 1704067200000.0 + 999_999_000
