"""Patches of a graph: read from strangers, and made from two graphs. `graph` has the format."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from bokeh_wsgi.exc import BadRequest, Conflict

from .reps import (
    Flattener,
    Nester,
    References,
    Rep,
    checked_list,
    checked_object,
    checked_text,
    checked_value,
    reference_of,
    same,
)
from .types import WORDS

if TYPE_CHECKING:
    from .graph import Graph

_EVENT_KEYS = {
    "ModelChanged": frozenset({"kind", "model", "attr", "new"}),
    "RootAdded": frozenset({"kind", "model"}),
    "RootRemoved": frozenset({"kind", "model"}),
    "TitleChanged": frozenset({"kind", "title"}),
}
_DOCUMENT_KEYS = ("version", "config", "callbacks", "defs", "resources", "types", "share_view")
_RESOURCE_KEYS = frozenset({"components", "js", "js_raw", "css", "css_raw"})


class AttributeChange(NamedTuple):
    model_id: str
    attr: str
    value: Any
    mentioned: frozenset[str]
    unset: bool


class Changes:
    """What patches say that are applied as one, checked against the models that are there.

    Each of them is Patch JSON, and may mention what those before it define. Raises BadRequest for a wrong
    shape, and Conflict with all ``unknown`` and ``taken`` ids.
    """

    def __init__(self, patches: Iterable[Any], known: Mapping[str, Rep]) -> None:
        self.attributes: list[AttributeChange] = []
        self.roots: list[tuple[str, bool]] = []
        """(id, True if it was added, False if it was removed), in order."""
        self.document: dict[str, tuple[Any, frozenset[str]]] = {}
        """What is new besides models and roots, and the ids it mentions."""
        self._known = known
        self._flattener = Flattener(known)
        self._resources = _Resources()
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
        """New models."""
        return self._flattener.models

    @property
    def references(self) -> dict[str, References]:
        """What the new models mention."""
        return self._flattener.references

    def _read(self, patch: Rep) -> None:
        if surplus := patch.keys() - {"events", *_DOCUMENT_KEYS}:
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
    """Takes in `rep`, which must be a model or a reference to one, and returns its id."""
    flat, mentioned = flattener.flatten(rep)
    if len(mentioned) != 1 or flat != {"id": (model_id := next(iter(mentioned)))}:
        raise BadRequest(f"{what} must be a model or a reference to one")
    return model_id


def checked_defs(defs: Any) -> list[Any] | None:
    """Definitions of data models: BokehJS reads them apart, so that ids in them mean nothing outside."""
    if defs is None:
        return None
    for definition in checked_list(defs, "defs"):
        checked_object(definition, "a definition in defs")
    return list(checked_value(defs))


def checked_resources(resources: Any) -> Rep:
    resources = checked_object(resources, "resources")
    if surplus := resources.keys() - _RESOURCE_KEYS:
        raise BadRequest(f"resources have no {', '.join(sorted(map(str, surplus)))}")
    return {
        key: [
            checked_text(item, f"an item of resources.{key}")
            for item in checked_list(items, f"resources.{key}")
        ]
        for key, items in resources.items()
    }


def checked_types(types: Any) -> Rep:
    """Types of classes, as `bokeh_wsgi.bokeh_types` makes them."""
    for name, told in checked_object(types, "types").items():
        told = checked_object(told, f"the types of {name}")
        for base in checked_list(told.get("bases"), f"the bases of {name}"):
            checked_text(base, f"a base of {name}")
        for attr, kind in checked_object(told.get("attributes"), f"the attributes of {name}").items():
            _check_type(kind, f"the type of {name}.{attr}")
    return dict(checked_value(types))


_TYPE_PARTS = {"either": 0, "list": 1, "tuple": 0, "dict": 2}
MAX_TYPE_PARTS = 1000
"""Of the type of one attribute, without the values of enums: a value may be compared with each of them."""
MAX_TYPE_DEPTH = 50
_SCALARS = str | int | float | bool | None


def _check_type(kind: Any, what: str) -> None:
    waiting = [(kind, 0)]
    count = 0
    while waiting:
        kind, depth = waiting.pop()
        count += 1
        if count > MAX_TYPE_PARTS or depth > MAX_TYPE_DEPTH:
            raise BadRequest(
                f"{what} has {MAX_TYPE_PARTS} parts at most, and {MAX_TYPE_DEPTH} one inside another"
            )
        waiting += ((part, depth + 1) for part in _type_parts(kind, what))


def _type_parts(kind: Any, what: str) -> list[Any]:
    """The types that a type is made of; raises BadRequest if it is none."""
    if isinstance(kind, str) and kind in WORDS:
        return []
    word, *parts = checked_list(kind, what) or [None]
    if word == "struct" and len(parts) == 1:
        return list(checked_object(parts[0], what).values())
    if word == "range" and len(parts) == 3 and all(_is_bound(bound) for bound in parts[1:]):
        return parts[:1]
    if word == "enum" and all(isinstance(part, _SCALARS) for part in parts):
        return []
    if word == "model" and len(parts) == 1 and isinstance(parts[0], str):
        return []
    if not isinstance(word, str) or word not in _TYPE_PARTS or _TYPE_PARTS[word] not in (0, len(parts)):
        raise BadRequest(f"{what} is not a type: {str(kind)[:60]}")
    return parts


def _is_bound(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def checked_switch(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(f"{what} must be true or false, not {type(value).__name__}")
    return value


def joined_resources(old: Rep, new: Rep) -> Rep:
    """Both: what one session's models need goes on being needed when another one says what its own do."""
    together = _Resources()
    together.add(old)
    together.add(new)
    return together.joined()


class _Resources:
    """Resources of several sessions, each item once; adding costs what is added."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, resources: Rep) -> None:
        for key, items in resources.items():
            self._items.setdefault(key, {}).update(dict.fromkeys(items))

    def joined(self) -> Rep:
        return {key: list(items) for key, items in self._items.items()}


def joined(patches: Iterable[Rep]) -> Iterator[Rep]:
    """As few patches as do what these do one after the other.

    Models may come with a config or callbacks, and be mentioned by what follows: so these end a patch.
    """
    group: list[Rep] = []
    for patch in patches:
        group.append(patch)
        if "config" in patch or "callbacks" in patch:
            yield _one(group)
            group = []
    if group:
        yield _one(group)


def _one(patches: list[Rep]) -> Rep:
    """One patch that does what these do."""
    together: Rep = {}
    events: list[Any] = []
    types: Rep = {}
    resources = _Resources()
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


def diff(
    old: "Graph",
    new: "Graph",
    value_of: Callable[[str, str], Any] | None = None,
    order: Callable[[str, str], int] | None = None,
) -> Rep | None:
    """The patch that makes `old` equal to `new`, or None if it is.

    Where an attribute is gone, ``value_of(model id, attribute)`` gives the JSON of its value now, the
    default: pages show it. It must not define models. ``order(model id, attribute)`` rises in the order in
    which attributes were set; without, they come model by model. Raises Conflict with the ids that are
    ``taken``: one id is of two types in the two graphs, so that only a whole graph will do.
    """
    nester = Nester(new.models, set(old.models))
    changed = [
        (model_id, attr)
        for model_id, rep in new.models.items()
        if model_id in old.models and old.models[model_id] is not rep
        for attr in _changed_attributes(model_id, old.models[model_id], rep)
    ]
    if order is not None:
        changed.sort(key=lambda place: order(*place))
    events = [_model_event(*place, new.models[place[0]]["attributes"], nester, value_of) for place in changed]
    events += _root_events(old.roots, new.roots, nester)
    if new.title != old.title:
        events.append({"kind": "TitleChanged", "title": new.title})
    document = {}
    for key in _DOCUMENT_KEYS:
        value = getattr(new, key)
        if not same(value, getattr(old, key)):
            document[key] = nester.nest(value) if key in ("config", "callbacks") else value
    return {"events": events, **document} if events or document else None


def _changed_attributes(model_id: str, old: Rep, new: Rep) -> list[str]:
    if not same({**old, "attributes": None}, {**new, "attributes": None}):
        raise Conflict(f"Model {model_id} was a {old['name']}, and is a {new['name']} now.", taken=[model_id])
    before, now = old["attributes"], new["attributes"]
    if before is now:
        return []
    changed = [attr for attr, value in now.items() if attr not in before or not same(before[attr], value)]
    return changed + [attr for attr in before if attr not in now]


def _model_event(
    model_id: str, attr: str, now: Rep, nester: Nester, value_of: Callable[[str, str], Any] | None
) -> Rep:
    event = {"kind": "ModelChanged", "model": {"id": model_id}, "attr": attr}
    if attr in now:
        return {**event, "new": nester.nest(now[attr])}
    default = {} if value_of is None else {"new": value_of(model_id, attr)}
    return {**event, **default, "unset": True}


def _root_events(old: list[str], new: list[str], nester: Nester) -> list[Rep]:
    """A root can only be added at the end: so those stay that begin the new order, and the others move."""
    remaining = iter(old)
    stay = 0
    while stay < len(new) and new[stay] in remaining:
        stay += 1
    kept = set(new[:stay])
    removed = [{"kind": "RootRemoved", "model": {"id": root}} for root in old if root not in kept]
    added = [{"kind": "RootAdded", "model": nester.nest({"id": root})} for root in new[stay:]]
    return removed + added
