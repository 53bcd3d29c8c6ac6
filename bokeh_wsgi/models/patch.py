"""Reads and combines patches of a graph, from untrusted JSON (format: `graph`)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from bokeh_wsgi.exc import BadRequest, Conflict

from .reps import (
    Flattener,
    References,
    Rep,
    checked_list,
    checked_object,
    checked_text,
    checked_type_name,
    checked_value,
    reference_of,
)
from .resources import Resources, checked_resources
from .value_types import checked_types

_EVENT_KEYS = {
    "ModelChanged": frozenset({"kind", "model", "attr", "new"}),
    "RootAdded": frozenset({"kind", "model"}),
    "RootRemoved": frozenset({"kind", "model"}),
    "TitleChanged": frozenset({"kind", "title"}),
}
DOCUMENT_KEYS = ("version", "config", "callbacks", "defs", "resources", "types", "share_view")


class AttributeChange(NamedTuple):
    model_id: str
    attr: str
    value: Any
    mentioned: frozenset[str]
    unset: bool


class Changes:
    """The content of patches that are applied as one, checked against the known models.

    A patch may reference models that earlier patches define. Raises BadRequest for a wrong format, and
    Conflict with all ``unknown`` and ``taken`` ids.
    """

    def __init__(self, patches: Iterable[Any], known: Mapping[str, Rep]) -> None:
        self.attributes: list[AttributeChange] = []
        self.roots: list[tuple[str, bool]] = []
        """(id, True if it was added, False if it was removed), in order."""
        self.document: dict[str, tuple[Any, frozenset[str]]] = {}
        """The other changed keys of the graph, each with the ids that its value references."""
        self._known = known
        self._flattener = Flattener(known)
        self._resources = Resources()
        self._types: Rep = {}
        for patch in patches:
            self._read(checked_object(patch, "a patch"))
        if self._resources:
            self.document["resources"] = self._resources.joined(), frozenset()
        if self._types:
            self.document["types"] = self._types, frozenset()
        self._refuse_strangers()

    @property
    def models(self) -> dict[str, Rep]:
        """The new models."""
        return self._flattener.models

    @property
    def references(self) -> dict[str, References]:
        """The references of the new models."""
        return self._flattener.references

    def _read(self, patch: Rep) -> None:
        if surplus := patch.keys() - {"events", *DOCUMENT_KEYS}:
            raise BadRequest(f"a patch has no {', '.join(sorted(map(str, surplus)))}")
        for number, event in enumerate(checked_list(patch.get("events", []), "a patch's events")):
            self._read_event(checked_object(event, f"event {number}"), f"event {number}")
        self._read_document(patch)

    def _read_event(self, event: Rep, what: str) -> None:
        kind = checked_text(event.get("kind"), f"the kind of {what}")
        if kind not in _EVENT_KEYS:
            raise BadRequest(f"{what} is of kind {kind!r}; a patch holds {', '.join(_EVENT_KEYS)}")
        unset = kind == "ModelChanged" and event.get("unset") is True
        keys = event.keys() - {"unset"} | {"new"} if unset else event.keys()
        if keys != _EVENT_KEYS[kind]:
            raise BadRequest(f"{what} ({kind}) must have {', '.join(sorted(_EVENT_KEYS[kind]))} and no more")
        if kind == "TitleChanged":
            self.document["title"] = checked_text(event["title"], "title"), frozenset()
        elif kind == "RootAdded":
            self.roots.append((only_model(self._flattener, event["model"], what), True))
        elif kind == "RootRemoved":
            self.roots.append((self._mentioned(event["model"], what), False))
        else:
            model_id = self._mentioned(event["model"], what)
            attr = checked_text(event["attr"], f"attr of {what}")
            value, mentioned = self._flattener.flatten(event.get("new"))
            self.attributes.append(AttributeChange(model_id, attr, value, mentioned, unset))

    def _mentioned(self, rep: Any, what: str) -> str:
        if reference_of(checked_object(rep, f"the model of {what}")) is None:
            raise BadRequest(f'the model of {what} must be a reference, {{"id": …}}')
        return only_model(self._flattener, rep, what)

    def _read_document(self, patch: Rep) -> None:
        for key in ("config", "callbacks"):
            if key in patch:
                self.document[key] = self._flattener.flatten(patch[key])
        if "version" in patch:
            self.document["version"] = checked_text(patch["version"], "version"), frozenset()
        if "defs" in patch:
            self.document["defs"] = checked_defs(patch["defs"]), frozenset()
        if "resources" in patch:
            self._resources.add(checked_resources(patch["resources"]))
        if "types" in patch:
            self._types |= checked_types(patch["types"])
        if "share_view" in patch:
            self.document["share_view"] = checked_switch(patch["share_view"], "share_view"), frozenset()

    def _refuse_strangers(self) -> None:
        unknown, taken = list(self._flattener.unknown), list(self._flattener.taken)
        if unknown or taken:
            raise Conflict(
                "The patch was made for another state of the document: nothing of it was applied. "
                f"Models it lacks: {_named(unknown)}; models it has already: {_named(taken)}.",
                unknown=unknown,
                taken=taken,
            )


def _named(ids: list[str]) -> str:
    return ", ".join(ids[:10]) + (" …" if len(ids) > 10 else "") or "none"


def only_model(flattener: Flattener, rep: Any, what: str) -> str:
    """Flatten `rep`, which must be a model or a reference to one, and return its id."""
    flat, mentioned = flattener.flatten(rep)
    if len(mentioned) != 1 or flat != {"id": (model_id := next(iter(mentioned)))}:
        raise BadRequest(f"{what} must be a model or a reference to one")
    return model_id


def checked_defs(defs: Any) -> list[Any] | None:
    """Checked definitions of data models. BokehJS reads them separately, so ids in them are local."""
    if defs is None:
        return None
    for definition in checked_list(defs, "defs"):
        extends = checked_object(definition, "a definition in defs").get("extends")
        bases = extends.values() if isinstance(extends, dict) else [extends]
        for name in (definition.get("name"), *bases):
            if isinstance(name, str):
                checked_type_name(name, "the name of a data model")
    return list(checked_value(defs))


def checked_switch(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(f"{what} must be true or false, not {type(value).__name__}")
    return value


def combined(patches: Iterable[Rep]) -> Iterator[Rep]:
    """Combine consecutive patches into as few as possible.

    A config or callbacks may define models that later patches reference, so they end a patch.
    """
    group: list[Rep] = []
    for patch in patches:
        group.append(patch)
        if "config" in patch or "callbacks" in patch:
            yield _combined(group)
            group = []
    if group:
        yield _combined(group)


def _combined(patches: list[Rep]) -> Rep:
    """One patch equivalent to ``patches``."""
    together: Rep = {}
    events: list[Any] = []
    types: Rep = {}
    resources = Resources()
    for patch in patches:
        together.update(patch)
        events += patch.get("events", [])
        types |= patch.get("types", {})
        resources.add(patch.get("resources", {}))
    return {
        **together,
        "events": events,
        **({"resources": resources.joined()} if resources else {}),
        **({"types": types} if types else {}),
    }
