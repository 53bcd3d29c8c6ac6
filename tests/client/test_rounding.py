"""Integers that JavaScript cannot hold are rounded, and the script is told."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.util.warnings import BokehUserWarning

from bokeh_wsgi.client import Session

LARGE: dict[str, Any] = {
    "array": np.array([2**53 + 1, 1]),
    "unsigned": np.array([2**64 - 1], dtype="u8"),
    "list": [1, 2**60],
    "mixed": [0.5, 2**60],
    "nested": [[2**60], [1]],
    "arrays": [np.array([2**60]), np.array([1])],
    "range": range(2**60, 2**60 + 2),
    "json": ["a", 2**60],
    "series": pd.Series([2**60]),
}


@pytest.mark.parametrize("name", LARGE)
def test_integers_that_are_rounded_are_told_once_a_column(name: str, session: Session) -> None:
    count = len(LARGE[name])
    source = ColumnDataSource({"here": LARGE[name], "there": LARGE[name], "small": [1] * count})
    document = Document()
    document.add_root(source)
    with pytest.warns(BokehUserWarning, match="has integers beyond 2\\*\\*53, which are rounded") as told:
        session.store_document(document)
    assert [str(warning.message).split("'")[1] for warning in told] == ["here", "there"]
    assert {warning.filename for warning in told} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source.data["small"] = [2] * count
        source.data["here"] = list(LARGE[name])
        session.store_objects(source)


@pytest.mark.parametrize(
    "values",
    [
        np.array([1e300, 2.0**60]),
        [2.0**60, 0.5],
        np.array([2**53 - 1]),
        [2**52, None],
        ["9007199254740993"],
        pd.Series([2.0**60]),
        np.array(["2024-02-29"], "M8[ns]"),
    ],
)
def test_what_is_not_rounded_is_not_told(values: Any, session: Session) -> None:
    document = Document()
    document.add_root(ColumnDataSource({"x": values}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session.store_document(document)


def test_rows_that_are_rounded_are_told_when_they_come(session: Session) -> None:
    source = ColumnDataSource({"x": [1, 2]})
    document = Document()
    document.add_root(source)
    session.store_document(document)
    source.stream({"x": [2**60]})
    with pytest.warns(BokehUserWarning, match="column 'x' of ColumnDataSource"):
        session.store_objects(source)
