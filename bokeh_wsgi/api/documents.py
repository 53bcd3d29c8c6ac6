"""Routes to create, rename and delete documents."""

import json
import secrets
from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi import dataplane
from bokeh_wsgi.auth import Right, audit
from bokeh_wsgi.auth.names import checked_title
from bokeh_wsgi.context import Context
from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.exc import LimitExceeded, NotFound
from bokeh_wsgi.store import StoreLimit

from .bodies import read_json_of
from .uploads import room_in_store


def create(context: Context, request: Request) -> tuple[dict[str, Any], int]:
    """The caller's document with this title, created if missing."""
    identity, content = read_json_of(request, lambda: context.require_user(request))
    user, title = identity.user, checked_title(content.get("title"))
    try:
        record, created = context.store.create_document(user, title, limit=context.quotas.documents)
    except StoreLimit as error:
        raise LimitExceeded(
            f"A user has {error.limit} documents at most on this server (max_documents): delete some first.",
            limit=error.limit,
        ) from None
    with context.library.open(record.docid).reading() as state:
        found = {"docid": record.docid, "title": record.title, "seq": state.seq}
        return found | {"generation": state.graph.generation}, 201 if created else 200


def rename(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """Change a document's title; its links remain valid."""
    access, content = read_json_of(request, lambda: context.require_right(request, docid, Right.OWN))
    title = checked_title(content.get("title"))
    with room_in_store(context, access.record.owner):
        context.store.rename_document(docid, title)
        audit.done("renamed", user=access.identity.user, docid=docid, title=title)
        _retitle(context, docid, access.record.title, title)
    return {"docid": docid, "title": title}


def _retitle(context: Context, docid: str, old: str, new: str) -> None:
    """Set the title in the graph, which pages show, unless the script has set a different one."""
    document = context.library.open(docid)
    with document.reading() as state:
        if not state.seq or state.graph.title not in (old, ""):
            return
    op = Op(OpCode.PATCH, json=json.dumps({"events": [{"kind": "TitleChanged", "title": new}]}))
    frame = b"".join(dataplane.encode(docid, [op]))
    context.hub.wake(docid, document.commit([op], frame, secrets.token_urlsafe(12)))


def delete(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """Delete a document and all its data, and notify its open pages."""
    access = context.require_right(request, docid, Right.OWN)
    if not context.store.delete_document(docid):
        raise NotFound(f"No document {docid!r}: it was deleted already, or its link is wrong.")
    audit.done("deleted", user=access.identity.user, docid=docid, title=access.record.title)
    context.library.forget(docid)
    context.hub.wake(docid, -1)
    return {"docid": docid, "deleted": True}
