"""The resources that a page needs for a document: BokehJS components, scripts and styles of custom models."""

import importlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from bokeh.core.has_props import HasProps
from bokeh.embed import bundle
from bokeh.model import Model
from bokeh.resources import Resources
from bokeh.util.compiler import bundle_models

Rep = dict[str, Any]

EXTENSIONS: Final = "static/extensions/"

_OPTIONAL = {
    "bokeh-gl": bundle._use_gl,
    "bokeh-widgets": bundle._use_widgets,
    "bokeh-tables": bundle._use_tables,
    "bokeh-mathjax": bundle._use_mathjax,
}


def resources_of(models: Iterable[Model]) -> Rep:
    """The ``resources`` of a graph with these models.

    Determined as in Bokeh's ``file_html``. The code of extensions is included as text, so that pages need no
    other host, except for URLs that a model itself names (``__javascript__``, ``__css__``).
    """
    objects: set[HasProps] = set(models)
    resources: Rep = {"components": ["bokeh", *(name for name, needs in _OPTIONAL.items() if needs(objects))]}
    classes = sorted({type(obj) for obj in objects}, key=lambda cls: cls.__qualified_model__)
    custom = [cls for cls in classes if not cls.__module__.startswith("bokeh.")]
    if custom:
        bundles = _extensions(objects)
        scripts, libraries = _with_local_texts(_named_by(custom, "__javascript__"))
        resources |= {
            "js": scripts,
            "css": _named_by(custom, "__css__"),
            "js_raw": [*map(_as_global, libraries), *bundles, *_compiled(custom)],
        }
        if bundles:
            # The code in a bundle may use any part of BokehJS.
            resources["components"] = Resources().components
    return {key: value for key, value in resources.items() if value}


def _named_by(classes: Sequence[type[HasProps]], attribute: str) -> list[str]:
    urls: dict[str, None] = {}
    for cls in classes:
        named: str | list[str] = getattr(cls, attribute, None) or []
        urls |= dict.fromkeys([named] if isinstance(named, str) else named)
    return list(urls)


def _with_local_texts(urls: Sequence[str]) -> tuple[list[str], list[str]]:
    """The URLs that pages load, and the texts of those files that Bokeh's own server would serve."""
    loaded, texts = [], []
    for url in urls:
        path = _extension_file(url)
        if path is None:
            loaded.append(url)
        else:
            texts.append(path.read_text(encoding="utf-8"))
    return loaded, texts


def _extension_file(url: str) -> Path | None:
    """The file that Bokeh's server would serve at ``static/extensions/<name>/…``; None for other URLs."""
    name, _, rest = url.partition("?")[0].removeprefix(EXTENSIONS).partition("/")
    folder = bundle.extension_dirs.get(name)
    if not url.startswith(EXTENSIONS) or folder is None:
        return None
    path = Path(folder) / rest
    return path if path.is_file() else None


def _as_global(text: str) -> str:
    """A plain script as an expression that defines its names globally, wherever it is run."""
    return f"(0, eval)({json.dumps(text)})"


def _extensions(objects: set[HasProps]) -> list[str]:
    importable = {obj for obj in objects if _is_importable(obj)}
    extensions = bundle._bundle_extensions(importable, Resources(mode="inline"))
    return [Resources._inline(extension.artifact_path) for extension in extensions]


def _is_importable(obj: HasProps) -> bool:
    """False for models defined in a script or a notebook, which have no package with a bundle."""
    name = obj.__view_module__.split(".")[0]
    try:
        return getattr(importlib.import_module(name), "__file__", None) is not None
    except ImportError:
        return False


def _compiled(classes: Sequence[type[HasProps]]) -> list[str]:
    """The code of models with an ``__implementation__`` in TypeScript; as in Bokeh, this needs node."""
    code = bundle_models(classes)
    return [] if code is None else [code]
