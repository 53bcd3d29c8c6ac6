"""Computes the patch between two graphs (format: `graph`)."""

from collections.abc import Callable
from typing import Any

from bokeh_wsgi.exc import Conflict

from .graph import Graph
from .patch import DOCUMENT_KEYS
from .reps import Nester, Rep, same


def diff(
    old: Graph,
    new: Graph,
    value_of: Callable[[str, str], Any] | None = None,
    order: Callable[[str, str], int] | None = None,
) -> Rep | None:
    """The patch that turns `old` into `new`; None if they are equal.

    ``value_of(model id, attribute)`` returns the JSON of the default of a removed attribute, which must not
    define models. ``order(model id, attribute)`` is the sort key of the changes; without it, they are grouped
    by model. Raises Conflict with ``taken`` ids if a model has another type in `new`: only a whole graph can
    change that.
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
    for key in DOCUMENT_KEYS:
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
    """Events that change the roots. Roots can only be appended: those out of order are removed and added."""
    remaining = iter(old)
    stay = 0
    while stay < len(new) and new[stay] in remaining:
        stay += 1
    kept = set(new[:stay])
    removed = [{"kind": "RootRemoved", "model": {"id": root}} for root in old if root not in kept]
    added = [{"kind": "RootAdded", "model": nester.nest({"id": root})} for root in new[stay:]]
    return removed + added
