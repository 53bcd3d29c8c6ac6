import json

from tests.dataplane.line_cases import FIXTURE, fixture

from .conftest import RunNode


def test_the_page_chooses_the_rows_of_a_line_that_the_server_chooses(run_node: RunNode) -> None:
    run_node("line-rows", {})


def test_the_rows_kept_for_the_page_s_test_are_those_that_are_chosen_now() -> None:
    assert json.loads(FIXTURE.read_text()) == json.loads(json.dumps(fixture()))
    assert FIXTURE.stat().st_size < 60_000
