"""Routes for access to a document: publish, share, and the tokens of embeds."""

from typing import Any
from urllib.parse import quote

from werkzeug.wrappers import Request

from bokeh_wsgi.auth import Access, Right, audit
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import BadRequest, Conflict, NoSuchUser, NotFound
from bokeh_wsgi.links import root_of

from .bodies import read_json_of


def access(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """The caller's right; for the owner, also the rights of others."""
    return _access_json(context, request, context.require_right(request, docid, Right.READ))


def publish(context: Context, request: Request, docid: str, *, published: bool) -> dict[str, Any]:
    """Publish a document, or make it private again."""
    granted = context.require_right(request, docid, Right.OWN)
    context.store.publish_document(docid, published)
    audit.done("published" if published else "unpublished", user=granted.identity.user, docid=docid)
    context.hub.access_changed()
    return _access_json(context, request, context.policy.access_of(granted.identity, docid, Right.OWN))


def share(context: Context, request: Request, docid: str, user: str) -> dict[str, Any]:
    """Set a user's right: to read, or to read and write."""
    granted, content = read_json_of(request, lambda: context.require_right(request, docid, Right.OWN))
    right = content.get("right")
    if right not in ("read", "write"):
        raise BadRequest('Send {"right": "read"} or {"right": "write"}.')
    _share(context, granted, user, right)
    return _access_json(context, request, granted)


def unshare(context: Context, request: Request, docid: str, user: str) -> dict[str, Any]:
    """Remove a user's right, as the owner or as that user."""
    granted = context.require_right(request, docid, Right.READ)
    identity = granted.identity
    is_own = identity.token is None and identity.user == user and bool(context.store.share_of(docid, user))
    if not is_own:
        granted = context.policy.access_of(identity, docid, Right.OWN)
    _share(context, granted, user, "")
    if not is_own:
        return _access_json(context, request, granted)
    return {"docid": docid, "right": context.policy.right(identity, granted.record).word}


def _share(context: Context, granted: Access, user: str, right: str) -> None:
    docid = granted.record.docid
    if not context.has_users:
        raise BadRequest("This server has one user, with nobody to share with: publish the document instead.")
    if user == granted.record.owner:
        raise BadRequest(f"The document belongs to {user!r}, who may do everything with it.")
    try:
        before = context.store.share_of(docid, user)
        context.store.share_document(docid, user, right)
    except NotFound as error:
        raise NoSuchUser(f"No user is called {user!r} here.") from error
    if before == "write" and right != "write":
        # A user who may write can run scripts in others' pages, which can read their tokens.
        context.store.withdraw_tokens(docid)
        audit.done("tokens-withdrawn", user=granted.identity.user, docid=docid)
    audit.done(
        "shared" if right else "unshared", user=granted.identity.user, docid=docid, to=user, right=right
    )
    context.hub.access_changed()


def make_token(context: Context, request: Request, docid: str) -> tuple[dict[str, Any], int]:
    """A token to embed a document in another site, for reading, until tokens are withdrawn."""
    granted, content = read_json_of(request, lambda: context.require_right(request, docid, Right.WRITE))
    is_public = content.get("public", False)
    if not isinstance(is_public, bool):
        raise BadRequest('Send {"public": true} or {"public": false}.')
    if is_public and not granted.record.published:
        raise Conflict("Publish this document first, or make a token that is not public.")
    audit.done("token-made", user=granted.identity.user, docid=docid, public=is_public)
    token = context.policy.embed_token(granted, public=is_public)
    return {"token": token, "docid": docid, "public": is_public}, 201


def make_frame_code(context: Context, request: Request, docid: str) -> tuple[dict[str, Any], int]:
    """A code that, with an embed's token, lets the caller edit in a frame for some hours."""
    granted = context.require_right(request, docid, Right.WRITE)
    audit.done("frame-code-made", user=granted.identity.user, docid=docid)
    return {"code": context.policy.frame_code(granted), "docid": docid}, 201


def withdraw_tokens(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """Invalidate all tokens of the document. Open pages reload themselves."""
    granted = context.require_right(request, docid, Right.OWN)
    context.store.withdraw_tokens(docid)
    audit.done("tokens-withdrawn", user=granted.identity.user, docid=docid)
    context.hub.access_changed()
    return {"docid": docid, "withdrawn": True}


def _access_json(context: Context, request: Request, granted: Access) -> dict[str, Any]:
    record = granted.record
    link = f"{root_of(request)}doc/{quote(record.docid, safe='')}"
    shares = context.store.shares(record.docid) if granted.right is Right.OWN else {}
    return {
        "docid": record.docid,
        "title": record.title,
        "owner": record.owner,
        "right": granted.right.word,
        "published": record.published,
        "shares": [{"user": user, "right": right} for user, right in shares.items()],
        "link": link,
        "public_link": f"{link}?public=true",
        **({"host": record.host} if granted.right >= Right.WRITE else {}),
    }
