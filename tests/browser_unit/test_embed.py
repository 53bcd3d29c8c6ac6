from .conftest import RunNode


def test_embed_tags_are_read_and_what_they_ask_for_is_gathered(run_node: RunNode) -> None:
    run_node("embed", {})
