"""The graph by itself: patches of strangers, what they may do, and what is left of models nobody needs."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_wsgi.exc import BadRequest, Conflict
from bokeh_wsgi.models.graph import Graph
from bokeh_wsgi.models.graph_diff import diff
from bokeh_wsgi.models.patch import combined
from bokeh_wsgi.models.reps import MAX_DEPTH, loads
from tests.growth import check_linear
from tests.models.bokeh_json import flattened, nested
from tests.models.events import JSON, added, changed, obj, patch, ref, removed, unset


def test_an_attribute_changes(graph: Graph) -> None:
    assert graph.apply(patch(changed("a", "n", 1))) == set()
    assert graph.models["a"]["attributes"]["n"] == 1


def test_an_attribute_that_is_unset_is_gone(graph: Graph) -> None:
    graph.apply(patch(changed("d", "n", 1)))
    graph.apply(patch({**unset("d", "n"), "new": 0}, unset("d", "never there")))
    assert graph.models["d"]["attributes"] == {}


def test_models_that_nothing_leads_to_are_removed(graph: Graph) -> None:
    assert graph.apply(patch(changed("a", "child", None))) == {"b", "c"}
    assert set(graph.models) == {"a", "d"}


def test_unsetting_an_attribute_removes_its_models(graph: Graph) -> None:
    assert graph.apply(patch(unset("a", "child"))) == {"b", "c"}


def test_models_in_a_ring_are_removed_when_it_is_cut_off(graph: Graph) -> None:
    assert graph.apply(patch(removed("a"))) == {"a", "b", "c"}


def test_models_that_something_else_leads_to_stay(graph: Graph) -> None:
    graph.apply(patch(changed("d", "keep", {"type": "map", "entries": [["k", ref("c")]]})))
    assert graph.apply(patch(removed("a"))) == {"a"}
    assert graph.by_name("cee") == "c"


def test_a_new_model_that_the_same_patch_drops_again_is_not_kept(graph: Graph) -> None:
    gone = graph.apply(patch(changed("a", "x", obj("new", y=obj("inner"))), changed("a", "x", None)))
    assert gone == {"new", "inner"}
    assert graph.apply(patch(added(obj("new")), removed("new"))) == {"new"}
    assert graph.apply(patch({**unset("a", "x"), "new": obj("new")})) == {"new"}


def test_a_model_that_moves_within_one_patch_stays(graph: Graph) -> None:
    assert graph.apply(patch(changed("a", "child", None), changed("d", "child", ref("b")))) == set()
    assert graph.apply(patch(removed("a"), added(ref("a")))) == set()
    assert graph.roots == ["d", "a"]


def test_callbacks_and_config_keep_models(graph: Graph) -> None:
    callbacks = {"type": "map", "entries": [["document_ready", [obj("cb", args=ref("c"))]]]}
    graph.apply(patch(config=obj("conf"), callbacks=callbacks))
    assert graph.apply(patch(removed("a"), removed("d"))) == {"a", "d"}
    assert set(graph.models) == {"b", "c", "cb", "conf"}
    assert graph.apply(patch(callbacks=None)) == {"b", "c", "cb"}
    assert graph.to_json()["config"] == ref("conf")


def test_adding_a_root_twice_and_removing_what_is_no_root_changes_nothing(graph: Graph) -> None:
    before = graph.to_json()
    graph.apply(patch(added(ref("a")), removed("c")))
    assert graph.to_json() == before


def test_title_version_defs_and_resources_are_replaced(graph: Graph) -> None:
    resources = {"components": ["bokeh"], "js": ["https://x/y.js"]}
    title = {"kind": "TitleChanged", "title": "new"}
    graph.apply(patch(title, version="4", defs=[{"type": "model", "name": "M"}], resources=resources))
    content = graph.to_json()
    assert (content["title"], content["version"], content["resources"]) == ("new", "4", resources)
    assert content["defs"] == [{"type": "model", "name": "M"}]


def test_the_generation_stays_whatever_patches_come(graph: Graph) -> None:
    assert "generation" not in graph.to_json()
    other = Graph.from_json({**graph.to_json(), "generation": "one"})
    assert diff(graph, other) is None
    after = other.patched(patch(changed("d", "n", 2), removed("a"), version="4"))
    assert after.generation == after.to_json()["generation"] == "one"
    assert Graph.from_json(after.to_json()).generation == "one"


def test_by_name_finds_a_model_or_none(graph: Graph) -> None:
    assert graph.by_name("cee") == "c"
    assert graph.by_name("b") is None


def test_references_are_those_of_the_model_itself(graph: Graph) -> None:
    assert graph.references("a") == {"b"}
    assert graph.reachable(["b"]) == {"b", "c"}
    with pytest.raises(KeyError):
        graph.references("nobody")


def test_one_model_nests_with_all_it_needs_and_no_more(graph: Graph) -> None:
    (root,) = nested(graph, roots=["b"])["roots"]
    assert root == obj("b", items=[obj("c", name="cee", back=ref("b"))])


def test_what_to_json_gave_stays_as_it_was(graph: Graph) -> None:
    content = graph.to_json()
    text = json.dumps(content)
    graph.apply(patch(changed("c", "back", 1), changed("d", "n", 1), removed("a"), added(obj("e"))))
    assert json.dumps(content) == text


def test_a_patched_graph_leaves_the_old_one_alone(graph: Graph) -> None:
    text = json.dumps(graph.to_json())
    after = graph.patched(patch(changed("d", "n", obj("e")), removed("a"), config=obj("conf")))
    assert json.dumps(graph.to_json()) == text
    assert graph.patched(patch(removed("d"))).roots == ["a"]
    assert set(after.models) == {"d", "e", "conf"}


def test_what_came_in_can_be_changed_afterwards(graph: Graph) -> None:
    new = [1, {"k": [2]}]
    graph.apply(patch(changed("d", "n", new)))
    new.append(3)
    assert graph.models["d"]["attributes"]["n"] == [1, {"k": [2]}]


def test_objects_without_an_id_maps_and_sets_are_values_that_may_hold_models(graph: Graph) -> None:
    value = {"type": "object", "name": "Plain", "attributes": {"m": obj("m1")}}
    entries = [[obj("m2"), {"type": "set", "entries": [obj("m3"), {"type": "ref", "id": "a"}]}]]
    graph.apply(patch(changed("d", "v", [value, {"type": "map", "entries": entries}])))
    assert graph.models["d"]["attributes"]["v"] == [
        {"type": "object", "name": "Plain", "attributes": {"m": ref("m1")}},
        {"type": "map", "entries": [[ref("m2"), {"type": "set", "entries": [ref("m3"), ref("a")]}]]},
    ]
    assert graph.references("d") == {"m1", "m2", "m3", "a"}


def test_other_keys_of_a_model_are_kept(graph: Graph) -> None:
    graph.apply(patch(added({**obj("q", n=1), "qualified": {"module": "m"}})))
    assert graph.models["q"] == {"name": "Thing", "attributes": {"n": 1}, "qualified": {"module": "m"}}
    assert nested(graph, roots=["q"])["roots"] == [{**obj("q", n=1), "qualified": {"module": "m"}}]


def test_all_unknown_and_taken_ids_are_named_at_once(graph: Graph) -> None:
    events = [changed("x", "n", [ref("y")]), removed("z"), added(obj("a", child=obj("c"))), added(ref("w"))]
    with pytest.raises(Conflict) as caught:
        graph.apply(patch(*events))
    assert caught.value.unknown == ["x", "y", "z", "w"]
    assert caught.value.taken == ["a", "c"]


def test_a_definition_comes_before_its_mentions(graph: Graph) -> None:
    graph.apply(patch(added(obj("e")), changed("d", "n", ref("e"))))
    with pytest.raises(Conflict):
        graph.apply(patch(changed("d", "m", ref("f")), added(obj("f"))))


WRONG: list[Any] = [
    None,
    [],
    "x",
    {"events": {}},
    {"events": [1]},
    {"events": [], "roots": []},
    {"events": [], "resources": {"js": "x"}},
    {"events": [], "resources": {"onload": ["x"]}},
    {"events": [], "defs": {}},
    {"events": [], "defs": [1]},
    {"events": [], "version": 4},
    {"events": [], "generation": "one"},
    patch({}),
    patch({"kind": ["ModelChanged"]}),
    patch({"kind": "MessageSent", "msg_type": "x", "msg_data": 1}),
    patch({"kind": "ColumnDataChanged", "model": ref("d"), "attr": "data", "data": {}, "cols": None}),
    patch({"kind": "TitleChanged", "title": 1}),
    patch({"kind": "TitleChanged", "title": "\ud800"}),
    patch({"kind": "TitleChanged", "title": "x", "unset": True}),
    patch({**changed("d", "n", 1), "cols": None}),
    patch({"kind": "ModelChanged", "model": ref("d"), "attr": "n"}),
    patch({**unset("d", "n"), "unset": 1}),
    patch(changed("d", 1, 1)),  # type: ignore[arg-type]
    patch({**changed("d", "n", 1), "model": "d"}),
    patch({**changed("d", "n", 1), "model": obj("e")}),
    patch({**changed("d", "n", 1), "model": {"id": 7}}),
    patch({**changed("d", "n", 1), "model": [ref("d")]}),
    patch(added([obj("e")])),  # type: ignore[arg-type]
    patch(added({"type": "object", "name": "Plain"})),
    patch(added(obj(""))),
    patch(added(obj("x" * 129))),
    patch(added(obj(None))),  # type: ignore[arg-type]
    patch(added({"type": "object", "id": "e"})),
    patch(added({"type": "object", "id": "e", "name": 3})),
    patch(added({"type": "object", "id": "e", "name": "T", "attributes": []})),
    patch(added(obj("e", x=obj("e")))),
    patch(added(obj("e")), added(obj("e"))),
    patch(changed("d", "n", {"type": 3})),
    patch(changed("d", "n", {"type": "bytes", "data": ref("d")})),
    patch(changed("d", "n", float("nan"))),
    patch(changed("d", "n", float("inf"))),
    patch(changed("d", "n", b"bytes")),
    patch(changed("d", "n", {1: 2})),
    *(patch(added({"type": "object", "id": "e", "name": name})) for name in ("T\x1b[2J", "T\n", "T\x00")),
    patch(changed("d", "n", {"type": "object", "name": "T\x1b[2J"})),
    patch(types={"T\x1b[2J": {"bases": [], "attributes": {}}}),
    patch(types={"T": {"bases": ["T\x1b[2J"], "attributes": {}}}),
    patch(defs=[{"type": "model", "name": "T\x1b[2J"}]),
    patch(defs=[{"type": "model", "name": "T", "extends": {"id": "T\x1b[2J"}}]),
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_a_wrong_shape_is_refused_and_nothing_of_it_applied(graph: Graph, wrong: Any) -> None:
    text = json.dumps(graph.to_json())
    if isinstance(wrong, dict) and isinstance(wrong.get("events"), list):
        wrong = {**wrong, "events": [changed("a", "child", obj("ok")), removed("d"), *wrong["events"]]}
    with pytest.raises(BadRequest):
        graph.apply(wrong)
    assert json.dumps(graph.to_json()) == text


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {"models": []},
        {"models": {"a": 1}},
        {"models": {"a": {}}},
        {"models": {"": {"name": "T"}}},
        {"models": {"a": {"name": "T"}}, "roots": ["b"]},
        {"models": {"a": {"name": "T"}}, "roots": ["a", "a"]},
        {"models": {"a": {"name": "T"}}, "roots": [ref("a")]},
        {"models": {"a": {"name": "T", "attributes": {"x": ref("b")}}}},
        {"models": {"a": {"name": "T", "attributes": {"x": obj("b")}}}},
        {"models": {"a": {"name": "T", "attributes": {"x": obj("a")}}}},
        {"models": {}, "callbacks": ref("b")},
        {"models": {}, "config": obj("b")},
        {"models": {}, "title": 1},
        {"models": {}, "onload": 1},
        {"models": {}, "resources": []},
        {"models": {}, "generation": None},
        {"models": {}, "generation": "a b"},
        {"models": {}, "generation": "x" * 65},
    ],
)
def test_a_wrong_graph_is_refused(wrong: Any) -> None:
    with pytest.raises(BadRequest):
        Graph.from_json(wrong)


def test_models_of_a_graph_may_mention_each_other_in_any_order() -> None:
    models = {m: {"name": "T", "attributes": {"x": ref(other)}} for m, other in ("ab", "ba")}
    graph = Graph.from_json({"roots": ["b"], "models": models})
    assert graph.reachable(["b"]) == {"a", "b"}


def _deep(levels: int, wrap: Any) -> Any:
    value: Any = 1
    for level in range(levels):
        value = wrap(value, level)
    return value


WRAPS = {
    "lists": lambda value, _: [value],
    "objects": lambda value, _: {"k": value},
    "models": lambda value, level: obj(f"m{level}", x=value),
    "maps": lambda value, level: {"type": "map", "entries": [["k", value]]},
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_endless_nesting_is_refused(graph: Graph, wrap: Any) -> None:
    with pytest.raises(BadRequest, match="levels deep"):
        graph.apply(patch(changed("d", "n", _deep(100_000, wrap))))
    with pytest.raises(BadRequest, match="levels deep"):
        graph.apply(patch(defs=[{"n": _deep(100_000, wrap)}]))


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_the_deepest_nesting_that_is_allowed_goes_all_the_way(graph: Graph, wrap: Any) -> None:
    levels = (MAX_DEPTH - 10) // {"models": 2, "maps": 3}.get(
        next(name for name, value in WRAPS.items() if value is wrap), 1
    )
    before = graph.patched(patch())
    graph.apply(loads(json.dumps(patch(changed("d", "n", _deep(levels, wrap))))))
    assert json.dumps(nested(graph))
    again = diff(before, graph)
    before.apply(again)
    assert diff(before, graph) is None


def test_a_chain_of_models_too_long_to_nest_is_an_error_and_no_crash() -> None:
    models: JSON = {f"m{n}": {"name": "T", "attributes": {"next": ref(f"m{n + 1}")}} for n in range(5000)}
    models["m5000"] = {"name": "T"}
    graph = Graph.from_json({"roots": ["m0"], "models": models})
    assert len(graph.reachable(["m0"])) == 5001
    with pytest.raises(BadRequest):
        nested(graph)
    assert len(graph.apply(patch(removed("m0")))) == 5001


@pytest.mark.parametrize("text", ["", "[", '{"a": NaN}', "[Infinity]", b"\xff", "[" * 100_000, "1" * 5000])
def test_text_that_a_browser_cannot_parse_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadRequest):
        loads(text)


def test_many_events_for_one_model_take_linear_time(graph: Graph) -> None:
    many = [changed("d", f"attr{n}", n) for n in range(20_000)]
    graph.apply(patch(*many, *(added(obj(f"r{n}")) for n in range(20_000))))
    graph.apply(patch(*many, *(removed(f"r{n}") for n in range(20_000))))
    assert graph.roots == ["a", "d"]


def test_a_difference_of_type_or_sign_is_a_difference(graph: Graph) -> None:
    for old, new in [(1, True), (0.0, -0.0), (1, 1.0), (None, False), ("1", 1), ([1], [True])]:
        before = graph.patched(patch(changed("d", "n", old)))
        after = graph.patched(patch(changed("d", "n", new)))
        assert diff(before, after) == patch(changed("d", "n", new))


def test_nothing_changed_is_no_patch(graph: Graph) -> None:
    assert diff(graph, Graph.from_json(json.loads(json.dumps(graph.to_json())))) is None


def test_a_diff_says_what_a_lost_attribute_is_now(graph: Graph) -> None:
    after = graph.patched(patch(unset("c", "name")))
    assert diff(graph, after) == patch(unset("c", "name"))
    assert diff(graph, after, lambda model_id, attr: f"{model_id}.{attr}") == patch(
        {**unset("c", "name"), "new": "c.name"}
    )


def test_an_id_that_is_of_another_type_now_needs_a_whole_graph(graph: Graph) -> None:
    other = flattened({"roots": [{"type": "object", "name": "Other", "id": "a"}]})
    with pytest.raises(Conflict) as caught:
        diff(graph, other)
    assert caught.value.taken == ["a"]


@given(st.permutations(range(6)), st.permutations(range(8)), st.integers(0, 6), st.integers(0, 8))
def test_roots_come_into_any_order(old: list[int], new: list[int], m: int, n: int) -> None:
    before = flattened({"roots": [obj(f"r{i}") for i in old[:m]]})
    after = flattened({"roots": [obj(f"r{i}") for i in new[:n]]})
    before.apply(diff(before, after) or patch())
    assert before.roots == after.roots
    assert before.models.keys() == after.models.keys()


def test_resources_of_several_sessions_add_up() -> None:
    graph = Graph.from_json({"resources": {"components": ["bokeh", "bokeh-widgets"]}})
    graph.apply({"resources": {"components": ["bokeh", "bokeh-tables"], "css": ["a.css"]}})
    assert graph.resources == {"components": ["bokeh", "bokeh-widgets", "bokeh-tables"], "css": ["a.css"]}


@pytest.mark.parametrize(
    "act", [lambda *patches: Graph().patched(*patches), lambda *patches: list(combined(patches))]
)
def test_many_patches_take_time_for_what_they_hold(act: Callable[..., Any]) -> None:
    def made(count: int) -> Callable[[], Any]:
        patches = [
            {
                "events": [{"kind": "TitleChanged", "title": "t"}],
                "types": {f"k{n}": {"bases": [], "attributes": {}}},
                "resources": {"js": [f"{n}.js"]},
            }
            for n in range(count)
        ]
        return lambda: act(*patches)

    check_linear(made, 300)
