"""Bokeh's document JSON, in which models lie one inside another, and graphs."""

from collections.abc import Mapping, Sequence
from typing import Any

from bokeh_wsgi.exc import BadRequest
from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.patch import only_model
from bokeh_wsgi.models.reps import Flattener, Nester


def flattened(document: Mapping[str, Any]) -> Graph:
    """The graph of Bokeh's ``Document.to_json(deferred=False)``; they share no container."""
    flattener = Flattener()
    content = {key: value for key, value in document.items() if value is not None}
    # In the order in which Bokeh writes them, since what is mentioned first is written out.
    for key in [key for key in ("config", "roots", "callbacks") if key in content]:
        if key == "roots":
            content[key] = [only_model(flattener, rep, "a root") for rep in content[key]]
        else:
            content[key], _ = flattener.flatten(content[key])
    if flattener.unknown:
        raise BadRequest(f"a document mentions models that it does not hold: {', '.join(flattener.unknown)}")
    return Graph.from_json({**content, "models": flattener.models})


def nested(graph: Graph, roots: Sequence[str] | None = None) -> dict[str, Any]:
    """Bokeh's document JSON with these roots (default: all): for BokehJS and ``Document.from_json``.

    The opposite of `flattened`, except that sources are as they are here: without columns.
    """
    nester = Nester(graph.models, set())
    document: dict[str, Any] = {"version": graph.version, "title": graph.title}
    if graph.config is not None:
        document["config"] = nester.nest(graph.config)
    document["roots"] = [nester.nest({"id": root}) for root in (graph.roots if roots is None else roots)]
    if graph.defs is not None:
        document["defs"] = graph.defs
    if graph.callbacks is not None:
        document["callbacks"] = nester.nest(graph.callbacks)
    return document
