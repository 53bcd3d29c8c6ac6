"""The request class, with size limits for forms and checks of its encoding."""

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.utils import cached_property
from werkzeug.wrappers import Request as WSGIRequest

from bokeh_wsgi.exc import BadRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Half a surrogate pair encoded as if in UTF-8: decoders fail, or return another text.
_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_PLACES = {"PATH_INFO": "path", "QUERY_STRING": "query", "SCRIPT_NAME": "path", "CONTENT_TYPE": "header"}


class Request(WSGIRequest):
    """A request with size limits for forms; uploads are read in another way, with limits of their own."""

    max_content_length = 64 << 10
    max_form_memory_size = 64 << 10
    max_form_parts = 50

    @cached_property
    def form(self) -> ImmutableMultiDict[str, str]:
        """The fields of a form; raises `BadRequest` if it is not UTF-8."""
        fault = BadRequest("The form is not UTF-8.")
        if self.mimetype == "application/x-www-form-urlencoded":
            try:
                unquote_to_bytes(self.get_data()).decode()
            except UnicodeDecodeError:
                raise fault from None
        fields: ImmutableMultiDict[str, str] = super().form
        if any("\N{REPLACEMENT CHARACTER}" in text for pair in fields.items(multi=True) for text in pair):
            raise fault
        return fields


def no_text(environ: "WSGIEnvironment") -> str:
    """An error if the path, query or headers are not valid text; "" if they are.

    In the environ they are decoded as Latin-1 (PEP 3333).
    """
    for name, value in environ.items():
        place = "header" if name.startswith("HTTP_") else _PLACES.get(name)
        if place is None or not isinstance(value, str) or (value.isascii() and "%" not in value):
            continue
        try:
            raw = value.encode("latin-1")
        except UnicodeEncodeError:
            return f"The {place} has characters beyond Latin-1."
        if _HALF.search(unquote_to_bytes(raw) if name == "QUERY_STRING" else raw):
            return f"The {place} has half a surrogate pair, which is not valid UTF-8."
    return ""
