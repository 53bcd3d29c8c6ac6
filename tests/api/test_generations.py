"""A document that was started anew: what was made for the one before is refused, by whoever it comes."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from werkzeug.test import Client, TestResponse

from bokeh_wsgi.app import BokehWSGI
from bokeh_wsgi.dataplane import Op, OpCode
from bokeh_wsgi.models import State, compaction

from .conftest import GRAPH, Api, replaces
from .people import HTML, People
from .test_roles import EDIT, PRIVATE, PUBLISHED, ROLES, body_of, headers_of

pytestmark = pytest.mark.bokeh  # its types are what edits are checked against
HOST = "secret-workstation"


def whole(generation: str = "") -> Op:
    """The ops that start a document anew."""
    content = json.loads(GRAPH)
    return Op(OpCode.GRAPH, json=json.dumps({**content, "generation": generation} if generation else content))


def named(name: str) -> Op:
    event = {"kind": "ModelChanged", "model": {"id": "p2"}, "attr": "name", "new": name}
    return Op(OpCode.PATCH, json=json.dumps({"events": [event]}))


def begin(api: Api, docid: str, generation: str = "", **headers: str) -> None:
    response = api.upload(docid, [whole(generation), *replaces(y=[1.0])], **headers)
    assert response.status_code == 200, response.text


def state(api: Api, docid: str) -> State:
    state = State()
    for change in api.changes(f"{docid}:0"):
        state.apply(change.ops, change.seq)
    return state


def is_refused(response: TestResponse, present: str, host: str = "") -> bool:
    told = response.get_json()
    assert response.status_code == 409, response.text
    assert (told["error"], told["generation"], told["host"]) == ("generation", present, host)
    assert "has started this document anew" in told["message"]
    assert f", on {host}:" in told["message"] if host else ", on" not in told["message"]
    return True


@pytest.fixture
def docid(api: Api) -> str:
    """A document of generation "one", which was started anew as "two"."""
    docid = api.make()
    begin(api, docid, "one")
    begin(api, docid, "two", Script_Host=HOST)
    return docid


class TestUploads:
    def test_what_was_made_for_the_present_generation_is_applied(self, api: Api, docid: str) -> None:
        response = api.upload(docid, [named("new"), *replaces(y=[2.0])], Document_Generation="two")
        assert response.get_json() == {"seq": 3}

    def test_what_was_made_for_another_one_is_refused_whole(self, api: Api, docid: str) -> None:
        before = state(api, docid)
        for generation in ("one", "three", "TWO", ""):
            response = api.upload(docid, [named("new"), *replaces(y=[2.0])], Document_Generation=generation)
            assert is_refused(response, "two", HOST)
        after = state(api, docid)
        assert (after.seq, after.graph.to_json()) == (before.seq, before.graph.to_json())
        assert api.columns(docid)["y"] == [1.0]

    def test_it_is_the_generation_that_is_told_and_not_what_else_does_not_fit(
        self, api: Api, docid: str
    ) -> None:
        unknown = Op(OpCode.REMOVE, "p77", "y", base=9)
        assert is_refused(api.upload(docid, [unknown], Document_Generation="one"), "two", HOST)

    def test_a_program_that_says_nothing_is_not_asked(self, api: Api, docid: str) -> None:
        assert api.upload(docid, [named("new")]).status_code == 200

    def test_nothing_said_of_a_document_without_a_name_for_its_generation_is_right(self, api: Api) -> None:
        docid = api.make()
        begin(api, docid, Document_Generation="")
        assert api.upload(docid, [named("new")], Document_Generation="").status_code == 200
        assert is_refused(api.upload(docid, [named("new")], Document_Generation="one"), "")

    def test_an_empty_document_has_none(self, api: Api) -> None:
        docid = api.make()
        nothing = Op(OpCode.PATCH, json='{"events":[]}')
        assert is_refused(api.upload(docid, [nothing], Document_Generation="one"), "")
        assert api.upload(docid, [nothing], Document_Generation="").status_code == 200

    def test_starting_anew_fits_every_generation(self, api: Api, docid: str) -> None:
        begin(api, docid, "three", Document_Generation="one")
        assert api.upload(docid, [named("new")], Document_Generation="three").status_code == 200
        assert is_refused(api.upload(docid, [named("new")], Document_Generation="two"), "three")

    def test_a_retry_gets_its_seq_whatever_came_after_it(self, api: Api, docid: str) -> None:
        body = api.body(docid, [named("new")])
        told = {"Document_Generation": "two", "Idempotency_Key": "k"}
        first = api.upload_bytes(docid, body, **told)
        begin(api, docid, "three")
        assert api.upload_bytes(docid, body, **told).get_json() == first.get_json() == {"seq": 3}
        told["Idempotency_Key"] = "another"
        assert is_refused(api.upload_bytes(docid, body, **told), "three")

    def test_patches_and_snapshots_keep_it(
        self, api: Api, docid: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(compaction, "MIN_FOLD_BYTES", 0)
        for _ in range(20):
            assert api.upload(docid, [named("new")], Document_Generation="two").status_code == 200
        document = api.app.context.library.open(docid)
        document.fold()
        assert api.app.store.snapshot(docid) is not None
        api.app.context.library.forget(docid)
        assert state(api, docid).graph.generation == "two"
        assert is_refused(api.upload(docid, [named("new")], Document_Generation="one"), "two", HOST)
        assert api.upload(docid, [named("new")], Document_Generation="two").status_code == 200

    @pytest.mark.parametrize("generation", ["a b", "ü", "x" * 65, "a/b", '"one"'])
    def test_a_generation_that_is_none_is_refused(self, api: Api, docid: str, generation: str) -> None:
        for response in (
            api.upload(docid, [named("new")], Document_Generation=generation),
            api.upload(docid, [whole(generation)]),
            edit(api, docid, generation=generation),
        ):
            assert response.status_code == 400, response.text
            assert "generation" in response.get_json()["message"]

    @pytest.mark.parametrize("generation", ["x" * 64, "Az09-._~"])
    def test_a_generation_is_text_of_any_kind_that_urls_take(
        self, api: Api, docid: str, generation: str
    ) -> None:
        begin(api, docid, generation)
        assert api.upload(docid, [named("new")], Document_Generation=generation).status_code == 200


class TestHosts:
    def test_the_host_is_that_of_the_present_generation(self, api: Api, docid: str) -> None:
        def host() -> str:
            record = api.app.store.get_document(docid)
            return str(record.host)

        assert host() == HOST
        api.upload(docid, [named("new")], Script_Host="of a script that only joins")
        api.upload(docid, [whole("three"), *replaces(none=[])], Script_Host="x" * 256)
        assert host() == HOST
        begin(api, docid, "three", Script_Host="other")
        assert host() == "other"
        begin(api, docid, "four")
        assert host() == ""

    @pytest.mark.parametrize("host", ["x" * 256, "a\tb", "\x7f"])
    def test_a_host_that_is_none_is_refused(self, api: Api, docid: str, host: str) -> None:
        response = api.upload(docid, [whole("three")], Script_Host=host)
        assert response.status_code == 400
        assert "Script-Host" in response.get_json()["message"]
        assert state(api, docid).graph.generation == "two"


def edit(api: Api, docid: str, **told: str) -> TestResponse:
    return api.client.post(f"/doc/{docid}/edits", json={"edits": [EDIT], **told})


class TestEdits:
    def test_those_of_a_page_that_shows_the_present_generation_are_applied(
        self, api: Api, docid: str
    ) -> None:
        assert edit(api, docid, generation="two").get_json() == {"seq": 3}
        assert edit(api, docid).get_json() == {"seq": 4}

    def test_those_of_one_that_shows_another_are_refused(self, api: Api, docid: str) -> None:
        for generation in ("one", ""):
            assert is_refused(edit(api, docid, generation=generation), "two", HOST)
        gone = {**EDIT, "model": {"id": "p77"}}
        response = api.client.post(f"/doc/{docid}/edits", json={"edits": [gone], "generation": "one"})
        assert is_refused(response, "two", HOST)
        assert state(api, docid).seq == 2

    def test_a_retry_gets_its_seq_whatever_came_after_it(self, api: Api, docid: str) -> None:
        def send() -> TestResponse:
            body = {"edits": [EDIT], "generation": "two"}
            return api.client.post(f"/doc/{docid}/edits", json=body, headers={"Idempotency-Key": "k"})

        first = send()
        begin(api, docid, "three")
        assert send().get_json() == first.get_json() == {"seq": 3}


class TestProcesses:
    """Apps on one SQLite file have nothing in common but the file, as processes."""

    @pytest.fixture
    def apis(self, tmp_path: Path) -> Iterator[list[Api]]:
        apps = [BokehWSGI(store=f"sqlite:///{tmp_path}/store.db") for _ in range(3)]
        yield [Api(app) for app in apps]
        for app in apps:
            app.close()

    def test_what_another_process_started_anew_is_known_at_once(self, apis: list[Api]) -> None:
        one, other, _ = apis
        docid = one.make()
        begin(one, docid, "one")
        assert other.upload(docid, [named("new")], Document_Generation="one").status_code == 200
        begin(one, docid, "two", Script_Host=HOST)
        assert is_refused(other.upload(docid, [named("new")], Document_Generation="one"), "two", HOST)
        assert is_refused(edit(other, docid, generation="one"), "two", HOST)

    def test_a_restart_forgets_neither_generation_nor_host(self, apis: list[Api], tmp_path: Path) -> None:
        docid = apis[0].make()
        begin(apis[0], docid, "one", Script_Host=HOST)
        for api in apis:
            api.app.close()
        app = BokehWSGI(store=f"sqlite:///{tmp_path}/store.db")
        assert is_refused(edit(Api(app), docid, generation="none"), "one", HOST)
        assert edit(Api(app), docid, generation="one").status_code == 200
        app.close()

    def test_whoever_is_faster_nothing_is_applied_to_another_generation(self, apis: list[Api]) -> None:
        """One script starts the document anew again and again; two go on with what they saw."""
        docid = apis[0].make()
        begin(apis[0], docid, "g0")
        applied: dict[int, str] = {}
        refused: list[str] = []
        answered = threading.Condition()
        seen = ["g0"]

        def go_on(api: Api) -> None:
            while told := seen[-1:]:
                generation = told[0]
                ops = [named(f"for {generation}"), *replaces(y=np.zeros(3))]
                response = api.upload(docid, ops, Document_Generation=generation)
                with answered:
                    if response.status_code == 200:
                        applied[response.get_json()["seq"]] = generation
                    else:
                        refused.append(response.get_json()["error"])
                    answered.notify_all()

        threads = [threading.Thread(target=go_on, args=(api,)) for api in apis[1:]]
        for thread in threads:
            thread.start()
        try:
            for number in range(1, 15):
                begin(apis[0], docid, f"g{number}")
                with answered:
                    assert answered.wait_for(lambda: len(refused) >= len(seen), timeout=30)
                    seen.append(f"g{number}")
                    assert answered.wait_for(lambda: seen[-1] in applied.values(), timeout=30)
        finally:
            seen.clear()
            for thread in threads:
                thread.join()
        assert set(refused) == {"generation"}
        generation = ""
        for seq, frame in apis[0].app.store.changes(docid, 0):
            for op in ops_of(docid, frame):
                if op.code is OpCode.GRAPH:
                    generation = json.loads(op.json)["generation"]
            assert applied.get(seq, generation) == generation


def ops_of(docid: str, frame: bytes) -> list[Op]:
    from bokeh_wsgi.dataplane import SCHEMA_MESSAGE, Reader, commit

    reader = Reader(limits=None)
    return [op for change in reader.feed(SCHEMA_MESSAGE + frame + commit(docid, 1)) for op in change.ops]


class TestWhoSeesTheHost:
    @pytest.fixture
    def people(self) -> Iterator[People]:
        app = BokehWSGI(store="memory:", multi_user=True, gallery=True)
        people = People(app)
        begin(people.api("ada"), people.docid, "one", Script_Host=HOST)
        yield people
        app.close()

    @pytest.mark.parametrize("published", [False, True])
    @pytest.mark.parametrize("role", ROLES)
    def test_no_route_says_it_but_to_those_who_may_write(
        self, people: People, role: str, published: bool
    ) -> None:
        if published:
            people.publish()
        headers = headers_of(role, people)
        for method, path, _ in PUBLISHED if published else PRIVATE:
            if method != "GET":
                continue
            for accept in ({}, HTML):
                target = path.replace("DOC", people.docid)
                response = Client(people.app).get(target, headers={**headers, **accept})
                is_told = path == "/access/DOC" and role in ("writer", "owner")
                assert (HOST.encode() in response.data) is is_told, path

    @pytest.mark.parametrize("role", ROLES)
    def test_those_who_may_write_read_it_in_a_refusal_and_nobody_else(
        self, people: People, role: str
    ) -> None:
        people.publish()
        headers = headers_of(role, people)
        body = {**body_of("POST", "/doc/DOC/edits", people)["json"], "generation": "none"}
        path = f"/doc/{people.docid}"
        data = people.api("ada").body(people.docid, [named("new")])
        for response in (
            Client(people.app).post(f"{path}/edits", json=body, headers=headers),
            Client(people.app).post(
                f"{path}/changes", data=data, headers={**headers, "Document-Generation": "none"}
            ),
        ):
            writes = role in ("writer", "owner")
            assert response.status_code == (
                409 if writes else 401 if role in ("revoked key", "disabled") else 403
            )
            assert (HOST.encode() in response.data) is writes

    def test_a_page_of_text_escapes_it(self, people: People) -> None:
        begin(people.api("ada"), people.docid, "two", Script_Host="<b>evil</b>")
        body: dict[str, Any] = {"edits": [EDIT], "generation": "one"}
        response = people.call("POST", f"/doc/{people.docid}/edits", "wim", json=body, headers=HTML)
        assert response.status_code == 409
        assert "&lt;b&gt;evil" in response.text
        assert "<b>evil" not in response.text
