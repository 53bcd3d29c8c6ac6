"""Tags that show plots live in other pages."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import bokeh
import bokeh.embed
import pytest
from bokeh.document import Document
from bokeh.models.widgets import Div

from bokeh_wsgi import embed, io, plotting
from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.client import Session


class Tags(HTMLParser):
    """The tags of a text that stands for a part of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def only(text: str) -> dict[str, Any]:
    ((_, attributes),) = Tags(text).found
    return attributes


@pytest.fixture
def session(app: BokehWSGI) -> Session:
    session = Session(app=app)
    session.use_doc("line")
    return session


@pytest.fixture
def plot(session: Session) -> Div:
    document, plot = Document(), Div(text="plot")
    document.add_root(plot)
    session.store_document(document)
    return plot


def test_a_script_tag_says_what_to_show_and_where_it_is(session: Session, plot: Div) -> None:
    tag = embed.autoload_server(plot, session)
    told = only(tag)
    assert told == {
        "src": f"{session.base_url}autoload.js",
        "async": None,
        "data-bokeh-doc": session.docid,
        "data-bokeh-model": plot.id,
        "data-bokeh-token": session.embed_token(),
        "data-bokeh-base": session.base_url,
        "data-bokeh-version": bokeh.__version__,
    }
    assert tag.endswith("></script>")


def test_a_document_has_a_tag_too(session: Session, plot: Div) -> None:
    told = only(embed.autoload_document(session))
    assert "data-bokeh-model" not in told
    assert only(embed.autoload_server(None, session)) == told


def test_a_plot_of_a_name_of_its_own_is_found_by_it(session: Session, plot: Div) -> None:
    plot.name = "oven"
    assert only(embed.autoload_server(plot, session))["data-bokeh-model"] == "oven"
    assert plot.document is not None
    plot.document.add_root(Div(name="oven"))
    assert only(embed.autoload_server(plot, session))["data-bokeh-model"] == plot.id


def test_a_plot_that_another_script_published_is_told_by_name(session: Session, plot: Div) -> None:
    told = only(embed.autoload_server("oven", session))
    assert told["data-bokeh-model"] == "oven"
    assert only(embed.components("oven", session)[0])["data-bokeh-model"] == "oven"
    assert f"{session.document_link()}/oven?" in only(embed.iframe("oven", session))["src"]


def test_public_tags_have_a_public_token(session: Session, plot: Div) -> None:
    with pytest.raises(RuntimeError, match="Publish this document first"):
        embed.autoload_server(plot, session, public=True)
    session.publish()
    public = only(embed.autoload_server(plot, session, public=True))["data-bokeh-token"]
    assert public != only(embed.autoload_server(plot, session))["data-bokeh-token"]


def test_the_key_of_a_user_is_in_no_tag() -> None:
    app = BokehWSGI(store="memory:", multi_user=True)
    session = Session(app=app)
    session.register("ann", "correct horse battery")
    session.use_doc("line")
    made = [embed.autoload_document(session), embed.iframe(None, session), *embed.components(None, session)]
    assert all(session.userapikey.split("-")[-1] not in text for text in made)
    app.close()


def test_a_plot_that_was_not_stored_is_stored_with_its_document(session: Session) -> None:
    document, plot = Document(), Div(text="new")
    document.add_root(plot)
    embed.autoload_server(plot, session)
    assert session.pull_state().graph.roots == [plot.id]
    with pytest.raises(ValueError, match="is in no document"):
        embed.autoload_server(Div(), session)


def test_after_output_server_a_plot_needs_no_show(app: BokehWSGI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(io, "Session", lambda **kwargs: Session(app=app, **kwargs))
    plotting.output_server("line")
    plot, session = plotting.figure(), plotting.cursession()
    assert session is not None
    assert only(embed.autoload_server(plot))["data-bokeh-doc"] == session.docid
    assert session.pull_state().graph.roots == [plot.id]
    plotting.reset_output()
    with pytest.raises(ValueError, match="output_server"):
        embed.autoload_server(plot)


def test_components_are_a_script_for_the_end_and_a_place_for_the_plot(session: Session, plot: Div) -> None:
    script, div = embed.components(plot, session)
    place = only(div)["id"]
    assert only(script) == {
        **only(embed.autoload_server(plot, session)),
        "data-bokeh-element": place,
    }
    assert only(embed.components(plot, session)[1])["id"] != place


def test_components_take_several_plots_as_bokeh_s_do(session: Session, plot: Div) -> None:
    script, divs = embed.components([plot, plot], session)
    assert [type(divs), len(divs)] == [tuple, 2]
    elements = [told["data-bokeh-element"] for _, told in Tags(script).found]
    assert elements == [only(div)["id"] for div in divs]
    script, named = embed.components({"left": plot}, session)
    assert only(named["left"])["id"] == only(script)["data-bokeh-element"]
    _, theirs = bokeh.embed.components({"left": Div()})
    assert theirs.keys() == named.keys()


def test_a_frame_has_a_token_in_its_address_and_tells_nobody(session: Session, plot: Div) -> None:
    told = only(embed.iframe(plot, session, width=400, height="50%"))
    link = urlsplit(told["src"])
    assert f"{link.scheme}://{link.netloc}{link.path}" == session.object_link(plot)
    assert parse_qs(link.query) == {"embed": ["1"], "token": [session.embed_token()]}
    assert (told["width"], told["height"], told["referrerpolicy"]) == ("400", "50%", "no-referrer")
    session.publish()
    public = only(embed.iframe(None, session, public=True))["src"]
    assert public == f"{session.document_link()}?public=true&embed=1"


def test_what_stands_in_attributes_is_escaped(session: Session, plot: Div) -> None:
    plot.name = hostile = '"><script>alert(1)</script>'
    tag = embed.autoload_server(plot, session)
    assert only(tag)["data-bokeh-model"] == hostile
    assert len(Tags(embed.iframe(plot, session, width=hostile)).found) == 1


def test_links_are_as_of_the_session(session: Session, plot: Div) -> None:
    assert embed.document_link(session) == session.document_link()
    assert embed.object_link(plot, session, public=True) == session.object_link(plot, public=True)
