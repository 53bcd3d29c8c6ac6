"""Who may see a document, and change it: publish, share, and the tokens of embeds."""

from typing import Any
from urllib.parse import quote

from werkzeug.wrappers import Request

from bokeh_wsgi.auth import Access, Right, audit
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import BadRequest, Conflict, NoSuchUser, NotFound
from bokeh_wsgi.links import root_of

from .bodies import read_json_of


def access(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """What the caller may do, and for the owner: who else may do what."""
    return _access_json(context, request, context.require_right(request, docid, Right.READ))


def publish(context: Context, request: Request, docid: str, *, published: bool) -> dict[str, Any]:
    """Let everybody see a document, or (again) only those with whom it is shared."""
    granted = context.require_right(request, docid, Right.OWN)
    context.store.publish_document(docid, published)
    audit.done("published" if published else "unpublished", user=granted.identity.user, docid=docid)
    context.hub.access_changed()
    return _access_json(context, request, context.policy.access_of(granted.identity, docid, Right.OWN))


def share(context: Context, request: Request, docid: str, user: str) -> dict[str, Any]:
    """Give a user the right to read, or to read and write, instead of the one they had."""
    granted, content = read_json_of(request, lambda: context.require_right(request, docid, Right.OWN))
    right = content.get("right")
    if right not in ("read", "write"):
        raise BadRequest('Send {"right": "read"} or {"right": "write"}.')
    _share(context, granted, user, right)
    return _access_json(context, request, granted)


def unshare(context: Context, request: Request, docid: str, user: str) -> dict[str, Any]:
    """Take a user's right back, as the owner; or give up one's own."""
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
        # Who may write can have pages of others run scripts, which see the tokens of these.
        context.store.withdraw_tokens(docid)
        audit.done("tokens-withdrawn", user=granted.identity.user, docid=docid)
    audit.done(
        "shared" if right else "unshared", user=granted.identity.user, docid=docid, to=user, right=right
    )
    context.hub.access_changed()


def make_token(context: Context, request: Request, docid: str) -> tuple[dict[str, Any], int]:
    """A token for a page elsewhere: one document, to be read, until the tokens are withdrawn."""
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
    """A code for a frame in which the caller can do things, for some hours; good with an embed's token."""
    granted = context.require_right(request, docid, Right.WRITE)
    audit.done("frame-code-made", user=granted.identity.user, docid=docid)
    return {"code": context.policy.frame_code(granted), "docid": docid}, 201


def withdraw_tokens(context: Context, request: Request, docid: str) -> dict[str, Any]:
    """End all tokens of the document, those of open pages too: these reload themselves."""
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
