"""What a page has to load for a document: BokehJS components, and the code and styles of custom models."""

import importlib
from collections.abc import Iterable, Sequence
from typing import Any

from bokeh.core.has_props import HasProps
from bokeh.embed import bundle
from bokeh.model import Model
from bokeh.resources import Resources
from bokeh.util.compiler import bundle_models

Rep = dict[str, Any]

_OPTIONAL = {
    "bokeh-gl": bundle._use_gl,
    "bokeh-widgets": bundle._use_widgets,
    "bokeh-tables": bundle._use_tables,
    "bokeh-mathjax": bundle._use_mathjax,
}


def resources_of(models: Iterable[Model]) -> Rep:
    """The ``resources`` of a graph with these models.

    The same questions that Bokeh's ``file_html`` asks. Code of extensions is taken along as text, so that
    pages need no other host, except for what a model names by URL itself (``__javascript__``, ``__css__``).
    """
    objects: set[HasProps] = set(models)
    resources: Rep = {"components": ["bokeh", *(name for name, needs in _OPTIONAL.items() if needs(objects))]}
    classes = sorted({type(obj) for obj in objects}, key=lambda cls: cls.__qualified_model__)
    custom = [cls for cls in classes if not cls.__module__.startswith("bokeh.")]
    if custom:
        resources |= {
            "js": _named_by(custom, "__javascript__"),
            "css": _named_by(custom, "__css__"),
            "js_raw": [*_extensions(objects), *_compiled(custom)],
        }
    return {key: value for key, value in resources.items() if value}


def _named_by(classes: Sequence[type[HasProps]], attribute: str) -> list[str]:
    urls: dict[str, None] = {}
    for cls in classes:
        named: str | list[str] = getattr(cls, attribute, None) or []
        urls |= dict.fromkeys([named] if isinstance(named, str) else named)
    return list(urls)


def _extensions(objects: set[HasProps]) -> list[str]:
    importable = {obj for obj in objects if _is_importable(obj)}
    found = bundle._bundle_extensions(importable, Resources(mode="inline"))
    return [Resources._inline(extension.artifact_path) for extension in found]


def _is_importable(obj: HasProps) -> bool:
    """Models defined in a script or a notebook have no package with a bundle in it."""
    name = obj.__view_module__.split(".")[0]
    try:
        return getattr(importlib.import_module(name), "__file__", None) is not None
    except ImportError:
        return False


def _compiled(classes: Sequence[type[HasProps]]) -> list[str]:
    """Models with an ``__implementation__`` in TypeScript; compiling them needs node, as in Bokeh."""
    code = bundle_models(classes)
    return [] if code is None else [code]
