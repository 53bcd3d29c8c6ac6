"""The routes of document lists: the index of a user, and the public gallery."""

from werkzeug.wrappers import Request, Response

from bokeh_wsgi.context import Context
from bokeh_wsgi.exc import NotFound
from bokeh_wsgi.links import mount_of, root_of
from bokeh_wsgi.pages.gallery import gallery_page
from bokeh_wsgi.pages.index import index_page
from bokeh_wsgi.responses import as_page

from .sign_in import to_sign_in


def index(context: Context, request: Request) -> Response:
    """The user's documents and those shared with them; without a login, a redirect to the login page."""
    identity = context.person(request)
    if not identity.user:
        return to_sign_in(context, request)
    own = context.store.list_documents(identity.user)
    html = index_page(
        mount_of(request),
        own=[(record, context.presence.viewers(record.docid)) for record in own],
        shared=context.store.list_shared(identity.user),
        username=identity.user,
        csrf=context.policy.form_token(identity),
        root_url=root_of(request),
        multi_user=context.has_users,
        gallery=context.gallery,
        site_login=context.policy.mode == "site",
    )
    return as_page(html)


def gallery(context: Context, request: Request) -> Response:
    """The published documents of all users, if the server has a gallery."""
    if not context.gallery:
        raise NotFound("This server has no gallery.")
    identity = context.person(request)
    html = gallery_page(
        mount_of(request),
        documents=context.store.list_published(),
        username=identity.user or None,
        csrf=context.policy.form_token(identity) if identity.user else "",
    )
    return as_page(html)
