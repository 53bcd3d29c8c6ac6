"""The page brings a graph to what it is after patches as the server does."""

import json
from pathlib import Path
from typing import Any

from bokeh_wsgi.models.graph import Graph

from .conftest import RunNode

GRAPH: dict[str, Any] = {
    "version": "3.9.2",
    "title": "before",
    "roots": ["plot", "text"],
    "models": {
        "plot": {"name": "Plot", "attributes": {"range": {"id": "range"}, "tools": [], "width": 3}},
        "range": {"name": "Range1d", "attributes": {"end": 1}},
        "text": {"name": "Div", "attributes": {"text": "a"}},
    },
}


def model(model_id: str, **attributes: Any) -> dict[str, Any]:
    return {"type": "object", "name": "Some", "id": model_id, "attributes": attributes}


def sets(model_id: str, attr: str, value: Any) -> dict[str, Any]:
    return {"kind": "ModelChanged", "model": {"id": model_id}, "attr": attr, "new": value}


def unsets(model_id: str, attr: str, **new: Any) -> dict[str, Any]:
    return {"kind": "ModelChanged", "model": {"id": model_id}, "attr": attr, "unset": True, **new}


def root(kind: str, rep: Any) -> dict[str, Any]:
    return {"kind": kind, "model": rep}


MAP = {"type": "map", "entries": [["a", model("deep", of={"id": "text"})]]}
VALUE = {"type": "value", "value": 1, "transform": {"type": "object", "name": "NoId"}}
PATCHES: dict[str, list[dict[str, Any]]] = {
    "a value": [{"events": [sets("text", "text", "b")]}],
    "a default, told and not": [
        {"events": [unsets("plot", "width", new=600), unsets("text", "text"), unsets("text", "other")]}
    ],
    "another model": [{"events": [sets("plot", "range", model("new", inner=model("inner", end=2)))]}],
    "models in lists, maps and values": [
        {"events": [sets("plot", "tools", [model("t1"), {"id": "range"}]), sets("plot", "map", MAP)]},
        {"events": [sets("plot", "line", VALUE), sets("deep", "of", {"type": "ref", "id": "t1"})]},
    ],
    "a change of what an earlier patch brought": [
        {"events": [sets("plot", "range", model("new", end=1))]},
        {"events": [sets("new", "end", 2), sets("new", "start", {"type": "number", "value": "nan"})]},
    ],
    "roots": [
        {"events": [root("RootRemoved", {"id": "plot"}), root("RootAdded", model("third"))]},
        {"events": [root("RootAdded", {"id": "text"}), root("RootAdded", model("plot", width=1))]},
    ],
    "the title, and what else there is": [
        {
            "events": [{"kind": "TitleChanged", "title": "after"}],
            "config": model("config", notifications=model("n")),
            "callbacks": {"document_ready": [model("cb", args={"text": {"id": "text"}})]},
            "defs": [{"type": "model", "name": "some.Data"}],
            "share_view": True,
            "version": "3.10.2",
        }
    ],
    "resources of both": [
        {"resources": {"components": ["bokeh"], "js": ["a.js"]}},
        {"resources": {"components": ["bokeh", "bokeh-widgets"], "css": ["a.css"]}},
    ],
}


def test_patches_do_to_a_graph_what_they_do_on_the_server(run_node: RunNode, tmp_path: Path) -> None:
    cases = []
    for name, patches in PATCHES.items():
        graph = Graph.from_json(GRAPH)
        for patch in patches:
            graph = graph.patched(patch)
        cases.append({"name": name, "graph": GRAPH, "patches": patches, "after": graph.to_json()})
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases))
    run_node("fold", {"CASES": str(path)})
