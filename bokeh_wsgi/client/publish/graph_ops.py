"""Turns what changed in a document's graph into a GRAPH op or PATCH ops."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bokeh

from bokeh_wsgi.bokeh_types import foreign_types
from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.graph_diff import diff
from bokeh_wsgi.models.resources import joined_resources

from .ownership import Ownership, new_generation
from .resources import resources_of
from .serializer import GraphSerializer, plain, text_of


@dataclass(slots=True)
class Draft:
    """The session's part of a document as it is now, to be compared with the shadow.

    ``is_document``: all of it was encoded, so models that are missing here were removed.
    """

    serializer: GraphSerializer
    graph: Graph
    is_document: bool


def outline(old: Graph) -> Graph:
    """A copy of a graph without its models."""
    graph = Graph(version=old.version, title=old.title)
    graph.roots, graph.defs = list(old.roots), old.defs
    graph.config, graph.callbacks, graph.share_view = old.config, old.callbacks, old.share_view
    graph.generation = old.generation
    return graph


Order = Callable[[str, str], int]
"""Maps attributes (wire id, name) to numbers in the order in which they were set; 0 if not known."""


@dataclass(frozen=True, slots=True)
class GraphChange:
    """How the shadow's graph becomes ``graph``: the contents of GRAPH or PATCH ops, each with its order."""

    graph: Graph
    code: OpCode
    contents: Sequence[tuple[int, Any]]


def graph_change(draft: Draft, ownership: Ownership, order: Order) -> GraphChange | None:
    """What changes the shadow's graph into the draft; None if they are equal.

    Values that were set become PATCHes in the script's order; if models come or go, it is a single PATCH.
    """
    old, new, serializer = ownership.shadow.graph, draft.graph, draft.serializer
    anew = ownership.starts_anew
    if not anew and ownership.left_out:
        for key, rep in serializer.models.items():
            attributes = ownership.with_left_out(key, rep["attributes"])
            if attributes is not None:
                rep["attributes"] = attributes
    defaults = {} if anew else _defaults(serializer, old)
    texts = {key: text_of(rep) for key, rep in serializer.models.items()}
    changed = {key for key, text in texts.items() if anew or text != ownership.text(key)}
    new.models = {} if draft.is_document else dict(old.models)
    for key, text in texts.items():
        new.models[key] = json.loads(text) if key in changed else old.models[key]
    new.resources, new.types = old.resources, old.types
    if changed:
        resources = resources_of(serializer.objects.values())
        new.resources = resources if anew else joined_resources(old.resources, resources)
        types = foreign_types(serializer.objects.values())
        new.types = types if anew else {**old.types, **types}
    if anew:
        new.version, new.generation = bokeh.__version__, new_generation()
        whole = new.to_json()
        return GraphChange(Graph.from_json(whole), OpCode.GRAPH, [(0, whole)])
    new.version = old.version
    patch = diff(old, new, lambda model, attribute: defaults[model, attribute], order)
    if patch is None:
        return None
    if not old.version and not ownership.ids.tags_new:
        patch["version"] = bokeh.__version__
    after = old.patched(patch)
    for key in changed & after.models.keys():
        ownership.note_text(key, after.models[key], texts[key])
    has_others = after.models.keys() != old.models.keys()
    return GraphChange(after, OpCode.PATCH, [(0, patch)] if has_others else _in_order(patch, order))


def _in_order(patch: Mapping[str, Any], order: Order) -> list[tuple[int, Any]]:
    """One patch for each value that was set, after one for everything else."""
    rest = {**patch, "events": []}
    patches = []
    for event in patch["events"]:
        place = order(event["model"]["id"], event["attr"]) if event["kind"] == "ModelChanged" else 0
        if place:
            patches.append((place, {"events": [event]}))
        else:
            rest["events"].append(event)
    return [(0, rest), *patches] if rest["events"] or len(rest) > 1 else patches


def interleaved(change: GraphChange | None, columns: Sequence[tuple[int, Op]]) -> list[Op]:
    """The ops of a change in the order in which values and columns were set; adjacent patches become one.

    Columns whose order is not known go last.
    """
    if change is None:
        return [op for _, op in columns]
    if change.code is OpCode.GRAPH:
        return [_op(OpCode.GRAPH, change.contents[0][1]), *(op for _, op in columns)]
    last = max(place for place, _ in [*change.contents, *columns]) + 1
    placed: list[tuple[int, Any]] = [*change.contents, *((place or last, op) for place, op in columns)]
    merged: list[Any] = []
    for _, item in sorted(placed, key=lambda pair: pair[0]):
        if merged and isinstance(item, dict) and isinstance(merged[-1], dict):
            merged[-1] = {**merged[-1], "events": [*merged[-1]["events"], *item["events"]]}
        else:
            merged.append(item)
    return [_op(OpCode.PATCH, item) if isinstance(item, dict) else item for item in merged]


def _defaults(serializer: GraphSerializer, shadow: Graph) -> dict[tuple[str, str], Any]:
    """Values of the attributes that were reset to their default: Bokeh omits them, but pages need them."""
    defaults = {}
    for key, rep in list(serializer.models.items()):
        old = shadow.models.get(key, rep)["attributes"]
        for attribute in old.keys() - rep["attributes"].keys():
            size = len(serializer.models)
            value = serializer.explicit(key, attribute, unless=old[attribute])
            if value == old[attribute]:
                # The shadow already has this value, from a theme or as 1 for 1.0: no change.
                rep["attributes"][attribute] = old[attribute]
            elif len(serializer.models) > size:
                # A default that is a new model: pages need its definition.
                rep["attributes"][attribute] = value
            else:
                defaults[key, attribute] = plain(value)
    return defaults


def _op(code: OpCode, content: Any) -> Op:
    return Op(code, json=json.dumps(content, separators=(",", ":"), allow_nan=False))
