"""``GET doc/<docid>/data/<source>.<format>``: exports columns to files."""

from collections.abc import Mapping
from contextlib import ExitStack

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.auth import Right
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import BadRequest, BokehWSGIError, NotFound
from bokeh_wsgi.models import State

from .formats import FORMATS
from .lasting_right import LastingRight
from .pieces import Body
from .tables import Table, Values, buffers_of, has_memory_of


def export(context: Context, request: Request, docid: str, source: str, form: str) -> Response:
    """The columns of a data source, by its id or name, as an Arrow IPC file, a Parquet file or CSV.

    Shorter columns are padded with nulls; in CSV, nested values are JSON. The document is locked only to look
    up the columns; the file is written from views of them, one batch of rows at a time.
    """
    access = context.require_right(request, docid, Right.READ)
    chosen = FORMATS[form]
    is_safe = form == "csv" and _is_safe(request)
    callers = context.callers(request, access.identity, context.quotas.exports)
    with ExitStack() as stack:
        context.exports.take(callers)
        stack.callback(context.exports.give_back, callers)
        with context.library.open(docid).reading() as state:
            columns = _columns_of(state, source)
        table = Table(columns, as_text=chosen.as_text, is_safe=is_safe)
        table.check(max_row_bytes=chosen.max_row_bytes)
        caller = context.caller(request, access.identity)
        hold = context.reader_memory.hold(
            caller, buffers_of(columns.values()), lambda: _has(context, docid, source, columns)
        )
        stack.callback(context.reader_memory.release, hold)
        right = LastingRight(context, {docid: access.identity})
        body = Body(chosen.written(table), right.check, stack.pop_all().close)
    response = Response(body, mimetype=chosen.mimetype, direct_passthrough=True)
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(source)}.{form}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _is_safe(request: Request) -> bool:
    text = request.args.get("safe", "0")
    if text not in ("0", "1"):
        raise BadRequest(f"safe={text!r} is neither 0 nor 1: no cell is to pass for a formula.")
    return text == "1"


def _columns_of(state: State, source: str) -> Mapping[str, Values]:
    model = source if source in state.graph.models else state.graph.by_name(source)
    found = {name: held.values.lent() for (owner, name), held in state.columns.items() if owner == model}
    if not found:
        known = sorted({owner for owner, _ in state.columns})
        raise NotFound(f"No data source {source!r} in this document. It has: {', '.join(known) or 'none'}.")
    return found


def _has(context: Context, docid: str, source: str, columns: Mapping[str, Values]) -> bool:
    """Whether the document still uses the memory of these columns."""
    try:
        with context.library.open(docid).reading() as state:
            present = _columns_of(state, source)
    except BokehWSGIError:
        return False
    return has_memory_of(columns.values(), present.values())


def _file_name(source: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in source)
