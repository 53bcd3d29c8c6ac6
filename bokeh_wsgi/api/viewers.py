"""``GET doc/<docid>/viewers``: how many look at a document."""

from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi.auth import Right
from bokeh_wsgi.context import Context


def viewers(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """``{"viewers": n}``: the pages that show the document now; for those who may write to it."""
    context.require_right(request, docid, Right.WRITE)
    return {"viewers": context.presence.viewers(docid)}
