"""``POST doc/<docid>/edits``: what people do in a page."""

from functools import partial
from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import BadRequest
from bokeh_wsgi.models.edits import ops_of, read_edits
from bokeh_wsgi.models.reps import loads

from .bodies import read_body
from .uploads import check_room, key_of


def edit(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """Check, keep and pass on what a page changed, as one change; ``{"seq": n}``."""
    access = context.policy.edited(request, docid)
    check_room(context, access.record.owner)
    if request.mimetype != "application/json":
        raise BadRequest("Send edits as JSON, with Content-Type: application/json.")
    key = key_of(request)
    body = read_body(request.environ, context.limits.max_edit_bytes, "max_edit_bytes")
    edits = read_edits(loads(bytes(body)))
    document = context.library.open(docid)
    seq = document.edit(partial(ops_of, edits), key)
    context.hub.wake(docid, seq)
    context.folder.consider(document)
    return {"seq": seq}
