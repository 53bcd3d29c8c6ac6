import io

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from .conftest import Api


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
