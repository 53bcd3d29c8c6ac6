"""Who sees a session's document: publish, share, and tokens for pages elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.models.widgets import Div

from bokeh_wsgi import io, plotting
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session
from bokeh_wsgi.exc import ServerRefused

from .accounts import PASSWORD


def sees(session: Session, docid: str) -> bool:
    session.use_doc(docid=docid)
    try:
        session.pull_state()
    except ServerRefused as error:
        return error.status != 404
    return True


def store(session: Session, text: str) -> None:
    document = Document()
    document.add_root(Div(text=text))
    session.store_document(document)


def test_what_is_published_is_for_everybody(shared_app: BokehWSGI, ann: Session, bob: Session) -> None:
    store(ann, "for all")
    stranger = Session(app=shared_app)
    assert [sees(stranger, ann.docid), sees(bob, ann.docid)] == [False, False]
    assert ann.publish() == f"{ann.document_link()}?public=true" == ann.access["public_link"]
    assert ann.access["published"] is True
    assert [sees(stranger, ann.docid), sees(bob, ann.docid)] == [True, True]
    with pytest.raises(ServerRefused) as refused:
        store(bob, "mine now")
    assert refused.value.status == 403
    ann.unpublish()
    assert [sees(stranger, ann.docid), sees(bob, ann.docid)] == [False, False]


def test_what_is_shared_is_for_one_user(shared_app: BokehWSGI, ann: Session, bob: Session) -> None:
    store(ann, "for bob")
    ann.share("bob")
    assert sees(bob, ann.docid)
    assert not sees(Session(app=shared_app), ann.docid)
    assert bob.access["right"] == "read"
    assert bob.userinfo["shared"] == [{"title": "line", "docid": ann.docid, "owner": "ann", "right": "read"}]
    with pytest.raises(ServerRefused) as refused:
        store(bob, "mine now")
    assert refused.value.status == 403
    ann.share("bob", "write")
    store(bob, "from bob")
    assert ann.access["shares"] == [{"user": "bob", "right": "write"}]
    ann.unshare("bob")
    assert not sees(bob, ann.docid)


def test_what_makes_no_sense_is_refused(ann: Session) -> None:
    with pytest.raises(ValueError, match='"read" or to "write"'):
        ann.share("bob", "own")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="'bob'"):
        ann.share("bob")


def test_a_title_changes_and_the_link_stays(ann: Session) -> None:
    ann.use_doc("line", clear=True)
    link = ann.document_link()
    store(ann, "line")
    ann.rename("curve")
    assert ann.access["title"] == "curve"
    assert ann.document_link() == link
    store(ann, "renamed")
    assert ann.pull_state().graph.title == "curve"
    ann.make_doc("line")
    with pytest.raises(RuntimeError, match="line"):
        ann.rename("line")


def test_tokens_end_with_the_right_of_a_writer_and_are_made_anew(
    shared_app: BokehWSGI, ann: Session, bob: Session
) -> None:
    policy = shared_app.context.policy
    ends: list[Callable[[], None]] = [lambda: ann.share("bob", "read"), lambda: ann.unshare("bob")]
    for end in ends:
        ann.share("bob", "write")
        before = ann.embed_token()
        end()
        record = shared_app.store.get_document(ann.docid)
        losses = [policy.revocation(policy.bearer_of(token), record) for token in (before, ann.embed_token())]
        assert losses == ["withdrawn", ""]
    assert bob.username == "bob"


def test_a_token_is_made_once_and_can_be_withdrawn(shared_app: BokehWSGI, ann: Session) -> None:
    token = ann.embed_token()
    assert ann.embed_token() == token
    reader = Session(app=shared_app)
    reader.http_session.credentials = {"Authorization": f"Bearer {token}"}
    assert sees(reader, ann.docid)
    ann.withdraw_tokens()
    with pytest.raises(ServerRefused, match="withdrawn"):
        reader.pull_state()
    assert ann.embed_token() != token


def test_a_public_token_needs_a_published_document(ann: Session) -> None:
    with pytest.raises(RuntimeError, match="Publish this document first"):
        ann.embed_token(public=True)
    ann.publish()
    assert ann.embed_token(public=True) != ann.embed_token()


def test_publishing_works_without_users_too(app: BokehWSGI) -> None:
    session = Session(app=app)
    session.use_doc("line")
    assert session.publish().endswith("?public=true")
    assert session.access["published"] is True
    session.unpublish()
    assert session.embed_token()


def test_plots_that_were_made_are_published_with_the_document(
    shared_app: BokehWSGI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def session_here(**kwargs: Any) -> Session:
        session = Session(app=shared_app, **kwargs)
        session.register("ann", PASSWORD)
        return session

    monkeypatch.setattr(io, "Session", session_here)
    plotting.output_server("myplot")
    plot = plotting.figure()
    session = plotting.cursession()
    assert session is not None
    session.publish()
    assert session.is_stored(plot)
    plotting.reset_output()
    session.publish()
    assert session.pull_state().graph.roots == [plot.id]


def test_links_to_one_plot_can_be_public(session: Session) -> None:
    document = Document()
    note = Div(text="x")
    document.add_root(note)
    session.store_document(document)
    assert session.object_link(note) == f"{session.document_link()}/{note.id}"
    assert session.object_link(note, public=True) == f"{session.object_link(note)}?public=true"
