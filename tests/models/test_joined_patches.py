"""Several patches as one: they do what they do one after the other."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bokeh_wsgi.exc import BadRequest, BokehWSGIError, Conflict
from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.patch import combined
from tests.effort import tries
from tests.models.bokeh_json import flattened, nested
from tests.models.events import JSON, added, changed, obj, patch, ref, removed, unset


def test_joined_patches_do_what_they_do_one_after_the_other(graph: Graph) -> None:
    patches = [
        patch(changed("a", "child", None), resources={"js": ["1"]}),
        patch(added(obj("e")), config=obj("conf")),
        patch(changed("e", "n", ref("conf")), resources={"js": ["2"]}),
        patch({"kind": "TitleChanged", "title": "new"}, callbacks=None),
    ]
    few = list(combined(patches))
    assert [len(one["events"]) for one in few] == [2, 2]
    together = graph.patched(*few)
    at_once = graph.patched(*patches)
    for one in patches:
        graph.apply(one)
    assert together.to_json() == at_once.to_json() == graph.to_json()


def test_patches_of_one_change_are_one_patch(graph: Graph) -> None:
    """What the first cuts off, the second may take up again; it may use what the first defines."""
    takes_out, puts_back = patch(changed("a", "child", None)), patch(changed("d", "child", ref("b")))
    with pytest.raises(Conflict):
        graph.patched(takes_out).apply(puts_back)
    assert graph.apply(takes_out, puts_back) == set()
    graph.apply(
        patch(added(obj("e")), {"kind": "TitleChanged", "title": "old"}, resources={"js": ["1"]}),
        patch(changed("d", "n", ref("e")), {"kind": "TitleChanged", "title": "new"}, resources={"js": ["2"]}),
    )
    assert (graph.title, graph.resources) == ("new", {"js": ["1", "2"]})
    before = json.dumps(graph.to_json())
    wrong: Any
    for wrong in (patch(changed("nobody", "n", 1)), patch(surplus=1), []):
        with pytest.raises((Conflict, BadRequest)):
            graph.apply(patch(changed("d", "n", 2)), wrong)
        assert json.dumps(graph.to_json()) == before


ids = st.sampled_from("abcdefgh")
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), ids.map(ref), st.just({"id": 3})),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.builds(lambda i, v: obj(i, x=v), ids, inner),
        st.dictionaries(st.sampled_from(["id", "type", "k", "name", "attributes"]), inner, max_size=3),
    ),
    max_leaves=8,
)
events = st.one_of(
    st.builds(changed, ids, st.sampled_from(["x", "child", "name"]), values),
    st.builds(unset, ids, st.sampled_from(["x", "child", "name"])),
    st.builds(added, st.one_of(ids.map(ref), st.builds(lambda i, v: obj(i, x=v), ids, values))),
    st.builds(removed, ids),
)
documents: Any = st.fixed_dictionaries(
    {},
    optional={
        "config": st.one_of(st.none(), ids.map(ref), ids.map(obj)),
        "resources": st.fixed_dictionaries({"js": st.lists(st.sampled_from("xyz"), max_size=2)}),
        "types": st.dictionaries(st.sampled_from("ST"), st.just({"bases": [], "attributes": {}})),
        "version": st.sampled_from(["3", "4"]),
        "share_view": st.booleans(),
    },
)


@settings(max_examples=tries(200), deadline=None)
@given(st.lists(st.builds(lambda some, more: patch(*some, **more), st.lists(events, max_size=4), documents)))
def test_joined_patches_do_what_all_of_them_do(patches: list[JSON]) -> None:
    def after(*patches: JSON) -> object:
        graph = flattened({"roots": [obj("a", child=obj("b")), obj("c")]})
        try:
            return graph.apply(*patches), graph.to_json()
        except BokehWSGIError as error:
            return type(error), error.data

    assert after(*patches) == after(*combined(patches))


@settings(max_examples=tries(300), deadline=None)
@given(st.lists(st.lists(events, max_size=4), max_size=5))
def test_whatever_strangers_send_the_graph_stays_whole(patches: list[list[JSON]]) -> None:
    graph = flattened({"roots": [obj("a", child=obj("b")), obj("c")]})
    for sent in patches:
        before = json.dumps(graph.to_json())
        models = set(graph.models)
        try:
            gone = graph.apply(patch(*sent))
        except BokehWSGIError:
            assert json.dumps(graph.to_json()) == before
            continue
        assert not gone & graph.models.keys()
        assert models - graph.models.keys() <= gone
        assert graph.reachable(graph.roots) == set(graph.models)
        again = Graph.from_json(json.loads(json.dumps(graph.to_json())))
        assert again.to_json() == graph.to_json()
        assert nested(flattened(nested(graph))) == nested(graph)
