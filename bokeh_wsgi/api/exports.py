"""``GET doc/<docid>/data/<source>.<format>``: columns for people's own tools."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from werkzeug.wrappers import Request, Response

from bokeh_wsgi.auth import Right
from bokeh_wsgi.context import Context
from bokeh_wsgi.dataplane import Column
from bokeh_wsgi.exc import NotFound
from bokeh_wsgi.models import State


def export(context: Context, request: Request, docid: str, source: str, form: str) -> Response:
    """The columns of a data source, by its id or name, as an Arrow IPC file, a Parquet file or CSV.

    Shorter columns are filled with nulls; in CSV, nested values are JSON.
    """
    context.require(request, docid, Right.READ)
    write, mimetype = FORMATS[form]
    with context.library.open(docid).reading() as state:
        columns = {name: held.values.column() for name, held in _columns_of(state, source).items()}
        body = io.BytesIO()
        write(_table(columns, flat=form == "csv"), body)
    response = Response(body.getvalue(), mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(source)}.{form}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _write_arrow(table: pa.Table, file: io.BytesIO) -> None:
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _write_parquet(table: pa.Table, file: io.BytesIO) -> None:
    pyarrow.parquet.write_table(table, file)


def _write_csv(table: pa.Table, file: io.BytesIO) -> None:
    pyarrow.csv.write_csv(table, file)


FORMATS: dict[str, tuple[Callable[[pa.Table, io.BytesIO], None], str]] = {
    "arrow": (_write_arrow, "application/vnd.apache.arrow.file"),
    "parquet": (_write_parquet, "application/vnd.apache.parquet"),
    "csv": (_write_csv, "text/csv"),
}


def _columns_of(state: State, source: str) -> dict[str, Any]:
    model = source if source in state.graph.models else state.graph.by_name(source)
    found = {name: held for (owner, name), held in state.columns.items() if owner == model}
    if not found:
        known = sorted({owner for owner, _ in state.columns})
        raise NotFound(f"No data source {source!r} in this document. It has: {', '.join(known) or 'none'}.")
    return found


def _table(columns: dict[str, Column], *, flat: bool) -> pa.Table:
    rows = max(column.rows for column in columns.values())
    arrays = {}
    for name, column in columns.items():
        array = _array(column, flat=flat)
        if len(array) < rows:
            array = pa.concat_arrays([array, pa.nulls(rows - len(array), array.type)])
        arrays[name] = array
    return pa.table(arrays)


def _array(column: Column, *, flat: bool) -> pa.Array:
    values = replace(column, integers=False).values()
    if column.shape == () and column.dtype != "json":
        return pa.array(values)
    nested = values.tolist() if isinstance(values, np.ndarray) else [_plain(value) for value in values]
    if flat or column.dtype == "json":
        return pa.array([json.dumps(value) for value in nested], pa.string())
    return pa.array(nested)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _file_name(source: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in source)
