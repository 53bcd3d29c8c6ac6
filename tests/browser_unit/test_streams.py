from pathlib import Path

import pytest

from bokeh_wsgi.dataplane import frame

from .conftest import RunNode
from .stream_cases import write_decimals, write_large, write_stream


def test_the_page_holds_exactly_the_columns_that_the_server_sent(
    run_node: RunNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Short columns of decimals as integers, too.
    monkeypatch.setattr(frame, "DECIMALS_BYTES", 8)
    write_stream(tmp_path)
    write_large(tmp_path)
    write_decimals(tmp_path)
    run_node("streams", {"BOKEH_WSGI_STREAMS": str(tmp_path)})


def test_exact_floats_of_ramps_are_read(run_node: RunNode) -> None:
    run_node("float-hex", {})


def test_integers_become_the_floats_that_they_stand_for(run_node: RunNode) -> None:
    run_node("decimals", {})


def test_arrays_grow_and_roll_without_touching_what_bokehjs_was_given(run_node: RunNode) -> None:
    run_node("growing-array", {})
