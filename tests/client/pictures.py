"""What a document holds, by the names of its models: of a script's models, or a server's state."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from bokeh.document import Document
from bokeh.model import Model

from bokeh_wsgi.models import State

Key = tuple[str, str]
"""(name of a model, attribute or "data.<column>"); its "type" is there for each model that is."""

TRACKED: Final[dict[str, dict[str, Any]]] = {
    "Div": {"text": ""},
    "Slider": {"value": None, "title": ""},
    "Column": {"children": []},
    "ColumnDataSource": {},
}
"""The attributes that are looked at, with their defaults."""


@dataclass
class Picture:
    """Models by name. ``roots`` and children are names."""

    roots: list[str] = field(default_factory=list)
    values: dict[Key, Any] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        return (name, "type") in self.values

    def names(self) -> set[str]:
        return {name for name, attribute in self.values if attribute == "type"}

    def of(self, name: str) -> dict[Key, Any]:
        """All that is known of one model."""
        return {key: value for key, value in self.values.items() if key[0] == name}

    def typed(self, kind: str) -> list[str]:
        return sorted(
            name for (name, attribute), value in self.values.items() if attribute == "type" and value == kind
        )

    def missing(self) -> list[str]:
        """Names that roots or children mention, and that are not there."""
        return [name for name in self.reachable() if not self.has(name)]

    def reachable(self) -> list[str]:
        found, waiting = [], list(self.roots)
        while waiting:
            name = waiting.pop(0)
            found.append(name)
            waiting += self.values.get((name, "children"), [])
        return found

    def prune(self) -> None:
        """Leave out what nothing leads to."""
        kept = set(self.reachable())
        self.values = {key: value for key, value in self.values.items() if key[0] in kept}


def of_document(document: Document) -> Picture:
    picture = Picture([root.name or "?" for root in document.roots])
    waiting: list[Model] = list(document.roots)
    while waiting:
        model: Any = waiting.pop()
        kind = type(model).__name__
        picture.values[model.name, "type"] = kind
        for attribute in TRACKED.get(kind, {}):
            value = getattr(model, attribute)
            if attribute == "children":
                waiting += value
                value = [child.name for child in value]
            picture.values[model.name, attribute] = value
        if kind == "ColumnDataSource":
            for column, rows in model.data.items():
                picture.values[model.name, f"data.{column}"] = list(rows)
    return picture


def of_state(state: State) -> Picture:
    models = state.graph.models
    names = {key: rep["attributes"].get("name", "?") for key, rep in models.items()}
    picture = Picture([names[root] for root in state.graph.roots])
    reachable = state.graph.reachable(state.graph.roots)
    for key, rep in models.items():
        if key not in reachable or rep["name"] not in TRACKED:
            continue
        name, attributes = names[key], rep["attributes"]
        picture.values[name, "type"] = rep["name"]
        for attribute, default in TRACKED[rep["name"]].items():
            value = attributes.get(attribute, default)
            if attribute == "children":
                value = [names[child["id"]] for child in value]
            picture.values[name, attribute] = value
    for (model, column), held in state.columns.items():
        picture.values[names[model], f"data.{column}"] = list(held.values.column().values())
    return picture


def differences(found: Picture, wanted: Picture, *, in_order: bool = False) -> list[str]:
    """Where a picture is not the one that is wanted."""
    told = []
    roots = [found.roots, wanted.roots] if in_order else [sorted(found.roots), sorted(wanted.roots)]
    if roots[0] != roots[1]:
        told.append(f"roots are {roots[0]} and not {roots[1]}")
    for key in sorted(found.values.keys() | wanted.values.keys()):
        mine, theirs = (picture.values.get(key, "nothing") for picture in (found, wanted))
        if mine != theirs:
            told.append(f"{key[1]} of {key[0]} is {mine} and not {theirs}")
    return told


def frozen(value: Any) -> Any:
    """A value that can be in a set."""
    return tuple(value) if isinstance(value, list) else value


def known(picture: Picture) -> Iterable[tuple[Key, Any]]:
    return ((key, frozen(value)) for key, value in picture.values.items())
