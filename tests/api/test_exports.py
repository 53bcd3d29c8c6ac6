import contextlib
import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from bokeh_wsgi.api import tables
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode, column_from

from .conftest import Api
from .people import People


@pytest.fixture
def docid(api: Api) -> str:
    docid = api.make()
    api.publish(
        docid,
        y=np.array([1.5, np.nan, -0.0]),
        name=["a", "b", None],
        xs=[[1.0, 2.0], [3.0]],
        pair=[("a", "x"), ("b", "y")],
    )
    return docid


def check(table: pa.Table) -> None:
    assert table["y"].to_numpy().tobytes() == np.array([1.5, np.nan, -0.0]).tobytes()
    assert table["name"].to_pylist() == ["a", "b", None]
    assert table["xs"].to_pylist() == [[1.0, 2.0], [3.0], None]
    assert table["pair"].to_pylist() == [["a", "x"], ["b", "y"], None]


def test_a_source_leaves_as_an_arrow_file(api: Api, docid: str) -> None:
    check(pa.ipc.open_file(api.client.get(f"/doc/{docid}/data/p2.arrow").data).read_all())


def test_a_source_leaves_as_parquet(api: Api, docid: str) -> None:
    check(pyarrow.parquet.read_table(io.BytesIO(api.client.get(f"/doc/{docid}/data/p2.parquet").data)))


def test_a_source_leaves_as_csv_with_nested_values_as_json(api: Api, docid: str) -> None:
    response = api.client.get(f"/doc/{docid}/data/p2.csv")
    assert response.mimetype == "text/csv"
    table = pyarrow.csv.read_csv(io.BytesIO(response.data))
    assert table.column_names == ["y", "name", "xs", "pair"]
    assert table["xs"].to_pylist() == ["[1.0, 2.0]", "[3.0]", ""]


def test_a_source_is_found_by_its_name(api: Api, docid: str) -> None:
    response = api.client.get(f"/doc/{docid}/data/cpu.csv")
    assert response.status_code == 200
    assert 'filename="cpu.csv"' in response.headers["Content-Disposition"]


def test_a_source_that_is_not_there_is_said_with_those_that_are(api: Api, docid: str) -> None:
    response = api.client.get(f"/doc/{docid}/data/nope.csv")
    assert response.status_code == 404
    assert "p2" in response.get_json()["message"]
    assert api.client.get(f"/doc/{docid}/data/p2.xls").status_code == 404


COLUMNS: dict[str, Any] = {
    "floats": np.array([1.5, np.nan, -0.0]),
    "single": np.array([1.5, np.nan, -0.0], dtype=np.float32),
    "bytes": np.array([1, 2, 255], dtype=np.uint8),
    "integers": [1, None, 3],
    "ramp": np.arange(3.0),
    "flags": np.array([True, False, True]),
    "perhaps": [True, None, False],
    "texts": ["a", None, "é"],
    "factors": [("a", "x"), ("b", "y"), ("b", "z")],
    "lines": [[1.0, 2.0], [], [3.0]],
    "words": [["a", "bc"], [], ["d"]],
    "polygons": [[[[1.0, 2.0], [3.0]], [[4.0]]], [], [[[5.0]], [[6.0, 7.0]]]],
    "images": [np.arange(4.0).reshape(2, 2), np.arange(4.0).reshape(2, 2) + 1, np.zeros((2, 2))],
    "shapes": [np.zeros((1, 2)), np.ones((2, 1)), np.zeros((0, 3))],
    "empty": np.zeros((3, 0)),
    "anything": [{"a": 1}, [1, "b"], None],
}


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


@pytest.mark.parametrize("rows", [None, 1])
@pytest.mark.parametrize("name", COLUMNS)
def test_every_kind_of_column_leaves_in_every_format(
    api: Api, name: str, rows: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if rows:
        monkeypatch.setattr(tables, "BATCH_ROWS", rows)
    docid = api.make()
    api.publish(docid, **{name: COLUMNS[name]})
    wanted = [repr(plain(value)) for value in COLUMNS[name]]
    if name == "anything":
        wanted = [repr(text) for text in ('{"type":"map","entries":[["a",1]]}', '[1,"b"]', "null")]
    arrow = pa.ipc.open_file(api.client.get(f"/doc/{docid}/data/p2.arrow").data).read_all()
    parquet = pyarrow.parquet.read_table(io.BytesIO(api.client.get(f"/doc/{docid}/data/p2.parquet").data))
    assert [repr(value) for value in arrow[name].to_pylist()] == wanted
    assert [repr(value) for value in parquet[name].to_pylist()] == wanted
    arrow.validate(full=True)
    lines = list(csv.reader(io.StringIO(api.client.get(f"/doc/{docid}/data/p2.csv").text)))
    assert lines[0] == [name]
    assert len(lines) == 4
    if arrow[name].type.num_fields:
        assert [repr(json.loads(line[0])) for line in lines[1:]] == wanted


def test_columns_of_several_lengths_end_in_nulls(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BATCH_ROWS", 2)
    docid = api.make()
    api.publish(docid, x=np.arange(5) * 0.7, y=[1, 2, 3], z=[[1.0]], none=np.zeros(0))
    for form, read in (("arrow", pa.ipc.open_file), ("parquet", pyarrow.parquet.ParquetFile)):
        body = io.BytesIO(api.client.get(f"/doc/{docid}/data/p2.{form}").data)
        table = read(body).read_all() if form == "arrow" else read(body).read()
        assert table["x"].to_pylist() == (np.arange(5) * 0.7).tolist()
        assert table["y"].to_pylist() == [1, 2, 3, None, None]
        assert table["z"].to_pylist() == [[1.0], None, None, None, None]
        assert table["none"].to_pylist() == [None] * 5


@contextlib.contextmanager
def begun(api: Api, path: str) -> Iterator[Iterator[bytes]]:
    """The pieces of an answer, of which the first one has come."""
    response = api.client.get(path, buffered=False)
    assert response.status_code == 200, response.text
    try:
        yield iter(response.iter_encoded())
    finally:
        response.close()


def test_an_export_goes_out_piece_by_piece_and_takes_the_memory_of_a_piece(api: Api) -> None:
    docid = api.make()
    rows = 8_000_000
    api.publish(docid, x=np.arange(float(rows)), y=np.zeros(rows, dtype=np.float32))
    for form in ("arrow", "csv", "parquet"):
        held = pa.total_allocated_bytes()
        tracemalloc.start()
        total = largest = most = 0
        with begun(api, f"/doc/{docid}/data/p2.{form}") as pieces:
            for piece in pieces:
                total, largest = total + len(piece), max(largest, len(piece))
                most = max(most, pa.total_allocated_bytes() - held)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert largest <= 1 << 20
        assert most + peak < 40 << 20, (form, most, peak)
        assert total > (20 << 20 if form == "parquet" else 60 << 20)


def test_an_export_shows_what_there_was_when_it_began_whatever_happens_meanwhile(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BATCH_ROWS", 1000)
    docid = api.make()
    x = np.random.default_rng(1).standard_normal(300_000)
    names = [f"{n}" for n in range(len(x))]
    none = [None if n % 7 == 0 else n for n in range(len(x))]
    seq = api.publish(docid, x=x, names=names, none=none)
    for _ in range(2):
        with begun(api, f"/doc/{docid}/data/p2.arrow") as pieces:
            body = next(pieces)
            for column, values in (("x", [7.0] * 3), ("names", ["longer"] * 3), ("none", [5, None, 5])):
                like = {"x": x[:3], "names": names[:3], "none": none[:3]}[column]
                written = replace(column_from(values), dtype=column_from(like).dtype)
                where: Any = {"base": seq, "start": len(x) - 9, "count": 3, "values": written}
                assert api.upload(docid, [Op(OpCode.WRITE, "p2", column, **where)]).status_code == 200
            body += b"".join(pieces)
        table = pa.ipc.open_file(body).read_all()
        assert table["x"].to_numpy().tobytes() == x.tobytes()
        assert table["names"].to_pylist() == names
        assert table["none"].to_pylist() == none
        columns = api.columns(docid)
        assert columns["x"][-9:-6].tolist() == [7.0] * 3
        assert list(columns["names"][-9:-6]) == ["longer"] * 3
        seq = api.publish(docid, x=x, names=names, none=none)


def test_what_is_far_more_than_the_values_is_refused_before_memory_is_taken(api: Api) -> None:
    docid = api.make()
    short = {f"c{n}": [1.0] for n in range(200)}
    api.publish(docid, long=np.arange(1e6), **short)
    for form in ("arrow", "csv", "parquet"):
        response = api.client.get(f"/doc/{docid}/data/p2.{form}")
        assert response.status_code == 413
        assert "as many rows each" in response.get_json()["message"]
    api.publish(docid, nothing=np.zeros((20_000_000, 0)))
    assert api.client.get(f"/doc/{docid}/data/p2.arrow").status_code == 413


def test_a_row_that_is_too_large_for_a_format_is_had_as_arrow(api: Api) -> None:
    docid = api.make()
    image = np.zeros((1100, 1000))
    api.publish(docid, image=[image, image])
    for form in ("csv", "parquet"):
        response = api.client.get(f"/doc/{docid}/data/p2.{form}")
        assert (response.status_code, response.get_json()["limit"]) == (413, 8 << 20)
        assert "ask for .arrow" in response.get_json()["message"]
    table = pa.ipc.open_file(api.client.get(f"/doc/{docid}/data/p2.arrow").data).read_all()
    assert np.array_equal(table["image"][1].values.values.to_numpy(), image.ravel())


def test_one_reader_has_so_many_exports_at_a_time(numbers: Any) -> None:
    people = People(BokehWSGI(store="memory:", multi_user=True, max_user_exports=2))
    people.api("ada").publish(people.docid, y=numbers)
    path = f"/doc/{people.docid}/data/p2.csv"
    held = [people.call("GET", path, "rita", buffered=False) for _ in range(2)]
    refused = people.call("GET", path, "rita")
    assert (refused.status_code, refused.get_json()["error"], refused.get_json()["limit"]) == (429, "busy", 2)
    assert int(refused.headers["Retry-After"]) > 0
    assert people.call("GET", path, "ada", buffered=True).status_code == 200
    held[0].close()
    wrong = path.replace("p2", "nope")
    for method, to, status in (
        ("GET", path, 200),
        ("HEAD", path, 200),
        ("GET", wrong, 404),
        ("GET", path, 200),
    ):
        assert people.call(method, to, "rita", buffered=True).status_code == status
    held[1].close()


def test_cells_that_spreadsheets_take_for_formulas_are_quoted_where_it_is_asked_for(api: Api) -> None:
    docid = api.make()
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "a=1", "", None]
    api.publish(docid, **{"=name": cells, "n": -np.arange(10) * 0.7, "l": [["=1"]] * 10})
    path = f"/doc/{docid}/data/p2.csv"

    def read(query: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(api.client.get(path + query).text, newline="")))

    as_it_is, safe = read(""), read("?safe=1")
    assert [row[0] for row in as_it_is] == ["=name", *cells[:-1], ""]
    assert [row[0] for row in safe] == ["'=name", *(f"'{cell}" for cell in cells[:7]), "a=1", "", ""]
    assert [row[1:] for row in safe] == [row[1:] for row in as_it_is]
    assert api.client.get(path + "?safe=yes").status_code == 400
