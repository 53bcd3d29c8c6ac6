"""The page of a document: a header, BokehJS, and the script that keeps the plots live."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from bokeh_wsgi.pages.render import raw_text, render

Resources = Mapping[str, Iterable[str]]
"""A graph's resources: BokehJS ``components``; ``js``, ``js_raw``, ``css``, ``css_raw`` of extensions."""


def document_page(
    mount: str,
    docid: str,
    title: str,
    token: str,
    model: str | None,
    resources: Resources,
    *,
    version: str,
    embed: bool = False,
    public: bool = False,
    share: bool = False,
    home: bool = True,
    page_js: str = "page.js",
    **config: Any,
) -> str:
    """The page of a document, or of one ``model`` (id or name), as HTML; ``embed``: without the header.

    The header says if the document is ``public``, and links to the ``share`` dialog (for the owner) and
    ``home`` to the index. ``version`` is the BokehJS to load; ``config`` goes to the page's script.
    """
    client_config = {
        "base": mount,
        "static": f"{mount}static/",
        "docs": [{"docid": docid, "after": 0}],
        "docid": docid,
        "model": model,
        "token": token,
        **config,
    }
    return render(
        "document.html",
        mount=mount,
        title=title or "Untitled",
        embed=embed,
        public=public,
        share=f"{mount}?share={quote(docid, safe='')}" if share else "",
        home=home,
        config=script_json(client_config),
        js=[*_bokehjs(mount, version, resources.get("components", ())), *resources.get("js", ())],
        js_raw=[raw_text(text, "script") for text in resources.get("js_raw", ())],
        css=list(resources.get("css", ())),
        css_raw=[raw_text(text, "style") for text in resources.get("css_raw", ())],
        page_js=f"{mount}static/{page_js}",
    )


def script_json(value: Any) -> Markup:
    """JSON for the content of a ``<script>``: characters that HTML parsers interpret are escaped."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _bokehjs(mount: str, version: str, components: Iterable[str]) -> list[str]:
    folder = f"{mount}static/bokeh/{quote(version, safe='')}/js"
    return [f"{folder}/{quote(component, safe='')}.min.js" for component in components]
