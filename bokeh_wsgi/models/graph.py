"""The graph: a document's models as JSON, without column data, and the patches that change it.

Graph JSON, what a GRAPH op carries::

    {"version": "3.9.2", "title": "…", "roots": [id, …],
     "models": {id: {"name": "Plot", "attributes": {…}}, …},
     "config": …, "callbacks": …, "defs": …, "resources": …,      # the last two lines where there are any
     "types": …, "share_view": true, "generation": "…"}

Patch JSON, what a PATCH op carries::

    {"events": [ModelChanged | RootAdded | RootRemoved | TitleChanged, …],
     "version", "config", "callbacks", "defs", "share_view",       # whole and new, where they changed
     "resources": …, "types": …}                                   # what comes to those there are

``types`` describes the classes that are not part of Bokeh (format: `bokeh_wsgi.bokeh_types`), to check the
values that pages send. ``share_view``: zoom and pan are shared by all viewers. ``generation`` identifies the
document from this GRAPH to the next; patches do not change it.

Events have Bokeh's format. A model is written out in full at its first mention in a patch, and as ``{"id"}``
everywhere else. One extension: ``ModelChanged`` with ``"unset": true`` resets an attribute to its default and
removes it from the graph; ``new``, if present, is that default.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bokeh_wsgi.exc import BadRequest

from .patch import Changes, checked_defs, checked_switch
from .reps import (
    Flattener,
    References,
    Rep,
    checked_generation,
    checked_id,
    checked_list,
    checked_object,
    checked_text,
)
from .resources import checked_resources, joined_resources
from .value_types import checked_types

_KEYS = frozenset(
    {
        "version",
        "title",
        "roots",
        "models",
        "config",
        "callbacks",
        "defs",
        "resources",
        "types",
        "share_view",
        "generation",
    }
)
MAX_GONE = 10_000
"""Number of ids of removed models that a graph remembers."""
_OWN_CONTAINERS = frozenset({"roots", "models", "_references", "_pinned"})


class Graph:
    """The models of a document by id, its roots, and its other settings, as JSON.

    Objects inside ``models`` are never changed in place, only replaced. So results of `to_json` stay valid,
    and copies are cheap. Not thread-safe.
    """

    __slots__ = (
        "_gone",
        "_pinned",
        "_references",
        "callbacks",
        "config",
        "defs",
        "generation",
        "models",
        "resources",
        "reuses_ids",
        "roots",
        "share_view",
        "title",
        "types",
        "version",
    )

    def __init__(self, *, version: str = "", title: str = "") -> None:
        self.version = version
        self.title = title
        self.roots: list[str] = []
        self.models: dict[str, Rep] = {}
        self.config: Any = None
        self.callbacks: Any = None
        self.defs: list[Any] | None = None
        self.resources: Rep = {}
        self.types: Rep = {}
        self.share_view = False
        self.generation = ""
        self._references: dict[str, References] = {}
        self._pinned: dict[str, frozenset[str]] = {}
        self._gone: set[str] = set()
        """Ids of removed models; shared by copies."""
        self.reuses_ids = False
        """Whether the last patch defined a model with the id of a removed one."""

    @classmethod
    def from_json(cls, content: Any) -> "Graph":
        """The graph of untrusted Graph JSON; raises BadRequest."""
        content = checked_object(content, "a graph")
        graph = cls._outline(content)
        models = checked_object(content.get("models", {}), "models")
        for model_id in models:
            checked_id(model_id)
        graph.roots = [checked_id(root) for root in checked_list(content.get("roots", []), "roots")]
        if len(set(graph.roots)) < len(graph.roots):
            raise BadRequest("a graph names one of its roots twice")
        flattener = Flattener(known=models)
        for model_id, rep in models.items():
            flattener.model(model_id, checked_object(rep, f"model {model_id}"))
        graph._pin(flattener, content)
        if flattener.taken or len(flattener.models) > len(models):
            raise BadRequest("a graph holds its models side by side, not one inside another")
        unknown = [*flattener.unknown, *(root for root in graph.roots if root not in models)]
        if unknown:
            raise BadRequest(f"a graph mentions models that it does not hold: {', '.join(unknown[:10])}")
        graph.models, graph._references = flattener.models, flattener.references
        return graph

    @classmethod
    def _outline(cls, content: Mapping[str, Any]) -> "Graph":
        if surplus := content.keys() - _KEYS:
            raise BadRequest(f"a graph has no {', '.join(sorted(map(str, surplus)))}")
        graph = cls(
            version=checked_text(content.get("version", ""), "version"),
            title=checked_text(content.get("title", ""), "title"),
        )
        graph.defs = checked_defs(content.get("defs"))
        graph.resources = checked_resources(content.get("resources", {}))
        graph.types = checked_types(content.get("types", {}))
        graph.share_view = checked_switch(content.get("share_view", False), "share_view")
        graph.generation = checked_generation(content.get("generation", ""))
        return graph

    def _pin(self, flattener: Flattener, content: Mapping[str, Any]) -> None:
        for key in ("config", "callbacks"):
            if content.get(key) is not None:
                value, self._pinned[key] = flattener.flatten(content[key])
                setattr(self, key, value)

    def to_json(self) -> Rep:
        """Graph JSON. It shares objects with this graph: do not change it."""
        extras = {"config": self.config, "callbacks": self.callbacks, "defs": self.defs}
        return {
            "version": self.version,
            "title": self.title,
            "roots": list(self.roots),
            "models": dict(self.models),
            **{key: value for key, value in extras.items() if value is not None},
            **({"resources": self.resources} if self.resources else {}),
            **({"types": self.types} if self.types else {}),
            **({"share_view": True} if self.share_view else {}),
            **({"generation": self.generation} if self.generation else {}),
        }

    def by_name(self, name: str) -> str | None:
        """The id of the first model whose ``name`` attribute is `name`."""
        for model_id, rep in self.models.items():
            if rep["attributes"].get("name") == name:
                return model_id
        return None

    def references(self, model_id: str) -> frozenset[str]:
        """Ids of the models that this model references; raises KeyError for an unknown model."""
        return frozenset().union(*self._references[model_id].values())

    def reachable(self, ids: Iterable[str]) -> set[str]:
        """These ids and all ids that they reference, directly or indirectly."""
        found: set[str] = set()
        waiting = list(ids)
        while waiting:
            model_id = waiting.pop()
            if model_id not in found:
                found.add(model_id)
                for mentioned in self._references[model_id].values():
                    waiting.extend(mentioned - found)
        return found

    def patched(self, *patches: Any) -> "Graph":
        """A copy of this graph with untrusted Patch JSON applied; raises like `apply`."""
        graph = self._copy()
        graph.apply(*patches)
        return graph

    def _copy(self) -> "Graph":
        graph = Graph()
        for name in Graph.__slots__:
            value = getattr(self, name)
            setattr(graph, name, value.copy() if name in _OWN_CONTAINERS else value)
        return graph

    def apply(self, *patches: Any) -> set[str]:
        """Apply untrusted patches as one, all or nothing; return the ids of removed models.

        Raises BadRequest for a wrong format, and Conflict with ids that are ``unknown`` (referenced, but
        undefined) or ``taken`` (defined, but already present). Removes models that are no longer reachable
        from a root, the config or a callback. Takes time proportional to the patches, unless models may have
        become unreachable.
        """
        changes = Changes(patches, self.models)
        self.reuses_ids = not self._gone.isdisjoint(changes.models)
        self.models.update(changes.models)
        self._references.update(changes.references)
        cut_off = self._set_attributes(changes)
        cut_off |= self._set_roots(changes)
        cut_off |= self._set_document(changes)
        return self._collect() if cut_off else set()

    def forget_gone(self) -> bool:
        """Forget the ids of removed models if there are more than `MAX_GONE`; return whether it did.

        `reuses_ids` cannot detect their reuse afterwards.
        """
        forgets = len(self._gone) > MAX_GONE
        if forgets:
            self._gone.clear()
        return forgets

    def _set_attributes(self, changes: Changes) -> bool:
        cut_off = False
        own = set(changes.models)
        for change in changes.attributes:
            attributes, references = self._own(change.model_id, own)
            before = references.pop(change.attr, frozenset())
            attributes[change.attr] = change.value
            if change.unset:
                del attributes[change.attr]
                before |= change.mentioned
            elif change.mentioned:
                references[change.attr] = change.mentioned
            cut_off |= not before <= references.get(change.attr, frozenset())
        return cut_off

    def _own(self, model_id: str, own: set[str]) -> tuple[Rep, References]:
        """Copies of a model's attributes and references that may be changed in place, made once per patch."""
        if model_id not in own:
            own.add(model_id)
            rep = self.models[model_id]
            self.models[model_id] = {**rep, "attributes": dict(rep["attributes"])}
            self._references[model_id] = dict(self._references[model_id])
        return self.models[model_id]["attributes"], self._references[model_id]

    def _set_roots(self, changes: Changes) -> bool:
        if not changes.roots:
            return False
        roots = dict.fromkeys(self.roots)
        for root, added in changes.roots:
            if added:
                roots[root] = None
            else:
                roots.pop(root, None)
        cut_off = any(not added for _, added in changes.roots)
        self.roots = list(roots)
        return cut_off

    def _set_document(self, changes: Changes) -> bool:
        before = frozenset().union(*self._pinned.values())
        for key, (value, mentioned) in changes.document.items():
            if key == "resources":
                value = joined_resources(self.resources, value)
            elif key == "types":
                value = {**self.types, **value}
            setattr(self, key, value)
            if key in ("config", "callbacks"):
                self._pinned[key] = mentioned
        return not before <= frozenset().union(*self._pinned.values())

    def _collect(self) -> set[str]:
        kept = self.reachable([*self.roots, *frozenset().union(*self._pinned.values())])
        gone = self.models.keys() - kept
        for model_id in gone:
            del self.models[model_id]
            del self._references[model_id]
        self._gone |= gone
        return gone
