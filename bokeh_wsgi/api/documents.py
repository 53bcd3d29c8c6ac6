"""Documents by title: find, make, delete."""

import json
from typing import Any

from werkzeug.wrappers import Request

from bokeh_wsgi.exc import AccessDenied, BadRequest, NotFound

from .context import Context
from .uploads import read_body

MAX_TITLE_LENGTH = 200
MAX_BODY_BYTES = 64 << 10


def userinfo(context: Context, request: Request) -> dict[str, Any]:
    """Who the caller is, and the documents of theirs."""
    user = _user(context, request)
    records = context.store.list_documents(user)
    return {
        "username": user,
        "docs": [{"title": record.title, "docid": record.docid} for record in records],
    }


def make(context: Context, request: Request) -> tuple[dict[str, Any], int]:
    """The caller's document of this title, made if there is none yet."""
    user = _user(context, request)
    title = _title(read_body(request.environ, MAX_BODY_BYTES))
    record, created = context.store.create_document(user, title)
    return {"docid": record.docid, "title": record.title, "seq": record.seq}, 201 if created else 200


def delete(context: Context, request: Request, docid: str) -> None:
    """Delete a document and all its data; its open pages are told."""
    context.policy.require_write(request, docid)
    if not context.store.delete_document(docid):
        raise NotFound(f"No document {docid!r}: it was deleted already, or its link is wrong.")
    context.library.forget(docid)
    context.hub.wake(docid, -1)


def _user(context: Context, request: Request) -> str:
    identity = context.policy.identify(request)
    if identity.docid is not None:
        raise AccessDenied("This token opens one document, not the list of them.", forbidden=True)
    return identity.user


def _title(body: bytes | bytearray) -> str:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f'Send the title as JSON, {{"title": "…"}}: {error}') from error
    title = content.get("title") if isinstance(content, dict) else None
    if not isinstance(title, str) or not title.strip():
        raise BadRequest('Send the title as JSON, {"title": "…"}; it may not be empty.')
    title = title.strip()
    if len(title) > MAX_TITLE_LENGTH or not title.isprintable():
        raise BadRequest(f"A title has {MAX_TITLE_LENGTH} printable characters at most.")
    return title
