"""Routes for information about the server and the caller."""

from typing import Any

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.context import Context


def ping(context: Context, request: Request) -> Response:  # noqa: ARG001 - as all routes
    return Response("pong", mimetype="text/plain", headers={"Cache-Control": "no-store"})


def userinfo(context: Context, request: Request) -> dict[str, Any]:
    """The caller's identity, their documents, and those shared with them."""
    user = context.require_user(request).user
    return {
        "username": user,
        "multi_user": context.has_users,
        "docs": [
            {"title": record.title, "docid": record.docid, "published": record.published}
            for record in context.store.list_documents(user)
        ],
        "shared": [
            {"title": record.title, "docid": record.docid, "owner": record.owner, "right": right}
            for record, right in context.store.list_shared(user)
        ],
    }
