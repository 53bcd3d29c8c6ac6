"""The route of document pages."""

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.auth import NOBODY, Identity, Right
from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import NotFound
from bokeh_wsgi.links import mount_of
from bokeh_wsgi.models import type_checker
from bokeh_wsgi.page_files import BOKEH_VERSION, page_files
from bokeh_wsgi.pages.document import document_page
from bokeh_wsgi.pages.headers import document_headers


def view(context: Context, request: Request, docid: str, model: str | None = None) -> Response:
    """The page of a document, or of one model of it.

    ``?public=true`` shows it as without a login; ``?token=`` as to the token's bearer, for frames in pages
    of other sites. Frames of notebooks add ``code=``.
    """
    access = context.policy.access_of(_viewer(context, request), docid, Right.READ)
    identity = access.identity
    page_js = page_files().built("page.js")
    writes = context.policy.may_edit(access)
    if writes:
        type_checker.prepare()
    with context.library.open(docid).reading() as state:
        if model is not None and model not in state.graph.models and state.graph.by_name(model) is None:
            raise NotFound(f"No model with the id or name {model!r} in this document.")
        title = state.graph.title or access.record.title
        resources = _resources(state.graph.resources)
    mount = mount_of(request)
    html = document_page(
        mount,
        docid,
        title,
        context.policy.page_token(access),
        model,
        resources,
        version=BOKEH_VERSION,
        embed="embed" in request.args,
        public=access.record.published and context.has_users,
        share=access.right is Right.OWN and context.has_users,
        home=bool(identity.user) and identity.token is None,
        page_js=page_js,
        write=writes,
    )
    ancestors = _ancestors(context, identity)
    headers = document_headers(js=resources["js"], js_raw=resources["js_raw"], frame_ancestors=ancestors)
    return Response(html, headers=headers)


def is_public(request: Request) -> bool:
    """Whether the request is for the page as the public sees it."""
    return request.args.get("public", "").lower() == "true"


def brings_token(request: Request) -> bool:
    """Whether the address has a token, which is then the only credential that counts."""
    return bool(request.args.get("token"))


def _viewer(context: Context, request: Request) -> Identity:
    if is_public(request):
        return NOBODY
    if brings_token(request):
        return context.policy.bearer_of_frame(request.args["token"], request.args.get("code", ""))
    return context.policy.identify(request)


def _ancestors(context: Context, identity: Identity) -> str:
    """The CSP ``frame-ancestors``: all sites by default, for a page that is public or has a token.

    A page shown by the viewer's login may not be framed by other sites (clickjacking).
    """
    if context.embed_origins:
        return " ".join(["'self'", *context.embed_origins])
    return "*" if identity.via in ("token", "nobody") else "'self'"


def _resources(stored: Mapping[str, Any]) -> dict[str, list[str]]:
    """A graph's resources; anything but strings in lists is dropped."""
    resources = {}
    for kind in ("components", "js", "js_raw", "css", "css_raw"):
        listed = stored.get(kind)
        resources[kind] = [x for x in listed if isinstance(x, str)] if isinstance(listed, list) else []
    if "bokeh" not in resources["components"]:
        resources["components"].insert(0, "bokeh")
    return resources
