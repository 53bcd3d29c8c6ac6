"""``POST doc/<docid>/edits``: what people do in a page."""

from functools import partial
from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import BadRequest
from bokeh_wsgi.models.edits import ops_of, read_edits
from bokeh_wsgi.models.reps import checked_generation, loads

from .bodies import read_body, take_lines
from .uploads import check_room, checked_key, key_of


def edit(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """Check, keep and pass on what a page changed, as one change; ``{"seq": n}``.

    A page is of no origin, and a browser would ask before each request with headers of its own whether they
    are welcome. So a page sends text: its token, a key, and the JSON, each after a line break.
    """
    if request.mimetype == "text/plain":
        token, key = take_lines(request.environ, 2)
        identity = context.policy.bearer_of(token)
    elif request.mimetype == "application/json":
        identity, key = context.policy.identify(request), key_of(request)
    else:
        raise BadRequest("Send edits as JSON, with Content-Type: application/json.")
    access = context.policy.edited(identity, docid)
    check_room(context, access.record.owner)
    checked_key(key)
    document = context.library.open(docid)
    with context.uploads.taken(context.callers(request, identity.user, context.quotas.uploads)):
        body = read_body(request.environ, context.limits.max_edit_bytes, "max_edit_bytes")
        content = loads(body)
        edits = read_edits(content)
        generation = checked_generation(content["generation"]) if "generation" in content else None
        ops = partial(ops_of, edits, max_unpacked=context.limits.max_edit_bytes)
        seq = document.edit(ops, key, generation=generation)
    context.hub.wake(docid, seq)
    context.folder.consider(document)
    return {"seq": seq}
