from .conftest import RunNode


def test_edits_queue_wait_for_their_answers_and_are_found_in_columns(run_node: RunNode) -> None:
    run_node("edits", {})
