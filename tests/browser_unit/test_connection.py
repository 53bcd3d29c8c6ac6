import json

from .conftest import BROWSER, RunNode
from .stream_cases import pieces


def test_the_page_gets_every_change_whatever_server_and_network_do(run_node: RunNode) -> None:
    run_node("connection", {})


def test_the_answers_kept_for_the_connections_tests_are_those_of_today(run_node: RunNode) -> None:
    assert json.loads((BROWSER / "test" / "fixtures" / "pieces.json").read_text()) == pieces()
