"""Patches and graphs in short, for tests of the graph."""

from typing import Any

JSON = dict[str, Any]


def obj(model_id: str, **attributes: Any) -> JSON:
    return {"type": "object", "name": "Thing", "id": model_id, "attributes": attributes}


def ref(model_id: str) -> JSON:
    return {"id": model_id}


def changed(model_id: str, attr: str, new: Any) -> JSON:
    return {"kind": "ModelChanged", "model": ref(model_id), "attr": attr, "new": new}


def unset(model_id: str, attr: str) -> JSON:
    return {"kind": "ModelChanged", "model": ref(model_id), "attr": attr, "unset": True}


def added(model: JSON) -> JSON:
    return {"kind": "RootAdded", "model": model}


def removed(model_id: str) -> JSON:
    return {"kind": "RootRemoved", "model": ref(model_id)}


def patch(*events: JSON, **document: Any) -> JSON:
    return {"events": list(events), **document}
