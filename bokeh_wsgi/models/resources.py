"""Resources of a document: the scripts and styles that its models need in addition to Bokeh's."""

from typing import Any, Final

from bokeh_wsgi.exc import BadRequest

from .reps import Rep, checked_list, checked_object, checked_text

_KEYS: Final = frozenset({"components", "js", "js_raw", "css", "css_raw"})


class Resources:
    """Resources of several sessions, without duplicates."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, resources: Rep) -> None:
        for key, items in resources.items():
            self._items.setdefault(key, {}).update(dict.fromkeys(items))

    def joined(self) -> Rep:
        return {key: list(items) for key, items in self._items.items()}


def checked_resources(resources: Any) -> Rep:
    resources = checked_object(resources, "resources")
    if surplus := resources.keys() - _KEYS:
        raise BadRequest(f"resources have no {', '.join(sorted(map(str, surplus)))}")
    return {
        key: [
            checked_text(item, f"an item of resources.{key}")
            for item in checked_list(items, f"resources.{key}")
        ]
        for key, items in resources.items()
    }


def joined_resources(old: Rep, new: Rep) -> Rep:
    """The resources of both, since the models of several sessions may be in one document."""
    together = Resources()
    together.add(old)
    together.add(new)
    return together.joined()
