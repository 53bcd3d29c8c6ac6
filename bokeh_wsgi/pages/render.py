"""Renders templates to HTML, with escaping and the URLs of CSS and JavaScript files."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bokeh_wsgi.page_files import page_files

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def asset_url(mount: str, name: str) -> str:
    """The URL of a static file; it changes with the content, so that it can be cached forever."""
    return f"{mount}static/{page_files().version(name)}"


def render(template: str, *, mount: str, csrf: str = "", **values: Any) -> str:
    """Render a template to HTML; ``csrf`` is the token for the page's forms and scripts."""

    def asset(name: str) -> str:
        return asset_url(mount, name)

    return _templates.get_template(template).render(mount=mount, csrf=csrf, asset=asset, **values)


def raw_text(text: str, tag: str) -> Markup:
    """JavaScript or CSS as the content of ``<script>`` or ``<style>``, escaped so that it cannot end it.

    ``</script`` and ``<!--`` (which can hide the real end) occur only in strings and regular expressions,
    where a backslash changes nothing. Line ends are normalized as by an HTML parser, so that the CSP hash of
    this text matches.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return Markup(re.sub(rf"<(/{tag}|!--)", r"<\\\1", lines, flags=re.IGNORECASE))
