"""``POST doc/<docid>/edits``: edits that pages send."""

from collections.abc import Sequence
from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi.context import Context
from bokeh_wsgi.dataplane import Op
from bokeh_wsgi.exc import BadRequest
from bokeh_wsgi.models import State
from bokeh_wsgi.models.edits import ops_of, read_edits
from bokeh_wsgi.models.reps import checked_generation, loads, memory_of

from .bodies import read_body, take_lines
from .uploads import READ_TIMES, key_of, room_in_store, stored_key


def edit(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """Check, store and publish a page's edits as one change; returns ``{"seq": n}``.

    A page has an opaque origin, so custom headers would need a CORS preflight for each request. So a page
    sends plain text: its token, a key and the JSON, separated by line breaks.
    """
    if brings_token(request):
        token, key = take_lines(request.environ, 2)
        identity = context.policy.bearer_of(token)
    elif request.mimetype == "application/json":
        identity, key = context.policy.identify(request), key_of(request)
    else:
        raise BadRequest("Send edits as JSON, with Content-Type: application/json.")
    access = context.policy.access_for_edit(identity, docid)
    key = stored_key(identity, key)
    document = context.library.open(docid)
    most = context.limits.max_edit_bytes

    def checked(state: State) -> Sequence[Op]:
        # Check again: the right may have ended while the body arrived.
        context.policy.access_for_edit(context.policy.anew(request, identity), docid)
        return ops_of(edits, state, max_unpacked=most)

    callers = context.callers(request, identity, context.quotas.uploads)
    with room_in_store(context, access.record.owner), context.uploads.taken(callers):
        body = read_body(request.environ, most, "max_edit_bytes")
        with context.unpacking.taken(READ_TIMES * memory_of(body)):
            content = loads(body)
            edits = read_edits(content)
            generation = checked_generation(content["generation"]) if "generation" in content else None
            seq = document.edit(checked, key, generation=generation)
    context.hub.wake(docid, seq)
    context.compactor.consider(document)
    return {"seq": seq}


def brings_token(request: Request) -> bool:
    """Whether the body starts with a page's token, the only credential that counts then."""
    return request.mimetype == "text/plain"
