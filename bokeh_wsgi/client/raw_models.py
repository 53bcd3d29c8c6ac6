"""Models as JSON, for `Session.pull` and `Session.push`; notices for pages."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bokeh_wsgi.dataplane import Op, OpCode, column_from
from bokeh_wsgi.models.state import State
from bokeh_wsgi.protocol import NOTICE


def models_of(state: State, typename: str | None, objid: str | None) -> list[dict[str, Any]]:
    """``{"type", "id", "attributes"}`` of all models, or of one; sources with their ``data``."""
    objects = []
    for key, rep in state.graph.models.items():
        if objid not in (None, key) or typename not in (None, rep["name"]):
            continue
        columns = {
            name: held.values.column() for (model, name), held in state.columns.items() if model == key
        }
        data = {"data": {name: column.values() for name, column in columns.items()}} if columns else {}
        objects.append({"type": rep["name"], "id": key, "attributes": {**rep["attributes"], **data}})
    return objects


def ops_of(objects: Iterable[Mapping[str, Any]]) -> list[Op]:
    """The ops that set the attributes and the ``data`` of objects in the format of `models_of`."""
    events = []
    ops = []
    for obj in objects:
        attributes = dict(obj["attributes"])
        for name, values in attributes.pop("data", {}).items():
            column = column_from(values)
            ops.append(Op(OpCode.REPLACE, model=obj["id"], column=name, count=column.rows, values=column))
        events += [
            {"kind": "ModelChanged", "model": {"id": obj["id"]}, "attr": name, "new": value}
            for name, value in attributes.items()
        ]
    if events:
        ops.insert(0, Op(OpCode.PATCH, json=json.dumps({"events": events}, allow_nan=False)))
    return ops


def notice_op(text: str) -> Op:
    """The op that shows a notice on open pages."""
    return Op(OpCode.EVENT, json=json.dumps({"name": NOTICE, "values": {"text": text}}))
