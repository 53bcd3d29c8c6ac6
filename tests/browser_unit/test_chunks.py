import json
from pathlib import Path

from .chunk_cases import write_cases
from .conftest import BROWSER, RunNode


def test_the_page_decodes_what_blosc2_writes_and_refuses_what_is_damaged(
    run_node: RunNode, tmp_path: Path
) -> None:
    assert write_cases(tmp_path, exhaustive=True) > 2000
    run_node("chunks", {"BOKEH_WSGI_CHUNKS": str(tmp_path)})


def test_the_few_chunks_kept_for_npm_test_are_those_that_would_be_written_now(tmp_path: Path) -> None:
    write_cases(tmp_path, exhaustive=False)
    kept, now = (
        [name for name, *_ in json.loads((folder / "chunks.json").read_text())]
        for folder in (BROWSER / "test" / "fixtures", tmp_path)
    )
    assert kept == now
