"""Templates to HTML text: escaping, links from the mount, and addresses of the pages' own css and js."""

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
    """Address of one of the pages' own files; it changes with the file, so that it may be cached for ever."""
    return f"{mount}static/{page_files().version(name)}"


def render(template: str, *, mount: str, csrf: str = "", **values: Any) -> str:
    """A template as HTML text; ``csrf`` goes with whatever the page's forms and scripts send."""

    def asset(name: str) -> str:
        return asset_url(mount, name)

    return _templates.get_template(template).render(mount=mount, csrf=csrf, asset=asset, **values)


def raw_text(text: str, tag: str) -> Markup:
    """JavaScript or CSS as the content of ``<script>`` or ``<style>``: nothing in it ends the element.

    What would (``</script``, and ``<!--`` which can hide the real end) can only stand in a string or a
    regular expression, where a backslash changes nothing. Line ends are as an HTML parser leaves them, so
    that the hash of this text is the hash of the script.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return Markup(re.sub(rf"<(/{tag}|!--)", r"<\\\1", lines, flags=re.IGNORECASE))
