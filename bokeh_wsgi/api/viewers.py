"""``GET doc/<docid>/viewers``: the number of a document's viewers."""

from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi.auth import Right
from bokeh_wsgi.context import Context


def viewers(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """``{"viewers": n}``: the number of pages that show the document. Needs the right to write."""
    context.require_right(request, docid, Right.WRITE)
    return {"viewers": context.presence.viewers(docid)}
