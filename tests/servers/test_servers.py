"""The servers of docs/deploy.md, with open pages: none locks up, stops or is replaced later for them."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bokeh_wsgi.stream_slots import UNNOTICED_S
from tests.effort import is_full_run
from tests.waiting import wait_until

from .kinds import KINDS, Kind, commands, programs
from .running import STOP_S, Running


def test_every_server_of_the_page_is_tried() -> None:
    assert {kind.name for kind in KINDS} == set(commands())
    used = {word for command in commands().values() for word in command.split() if word.endswith(".py")}
    assert used <= set(programs())


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not one of pytest's own, into which only its user gets: Apache runs as another."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    found.skip_if_missing()
    return found


def test_more_pages_than_there_are_threads_leave_one_for_scripts(kind: Kind, folder: Path) -> None:
    with Running(kind, folder) as server:
        script = server.script()
        viewers = server.viewers(script.docid, min(kind.threads, 16) + 1)
        for _ in range(3):
            assert script.store() < STOP_S
            wait_until(lambda: all(viewer.seq == script.seq for viewer in viewers), STOP_S)
        if kind.streams is not None:
            wait_until(lambda: sum(viewer.is_streaming for viewer in viewers) == kind.streams, STOP_S)


def test_open_pages_end_with_their_server_and_go_on_with_the_next(kind: Kind, folder: Path) -> None:
    with Running(kind, folder) as server:
        script = server.script()
        viewer, *_ = server.viewers(script.docid, 1)
        wait_until(lambda: viewer.seq == script.seq, STOP_S)
        if kind.streams:
            wait_until(lambda: viewer.is_streaming, STOP_S)
        server.stop()
        if kind.streams:
            wait_until(lambda: viewer.ends + viewer.cuts > 0, STOP_S)
            assert (viewer.cuts == 0) == kind.is_told
        server.start()
        assert script.store() < STOP_S
        wait_until(lambda: viewer.seq == script.seq, STOP_S)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.streams is None], ids=str)
def test_a_page_that_left_unnoticed_gives_its_place_back(kind: Kind, folder: Path) -> None:
    kind.skip_if_missing()
    if not is_full_run():
        pytest.skip("slow: make campaign")
    with Running(kind, folder, says="max_streams=1") as server:
        script = server.script()
        first, *_ = server.viewers(script.docid, 1)
        wait_until(lambda: first.is_streaming, STOP_S)
        first.stop()
        then, *_ = server.viewers(script.docid, 1)
        wait_until(lambda: then.is_streaming, 2 * UNNOTICED_S)


GUNICORN = [kind for kind in KINDS if kind.module == "gunicorn" and kind.streams]


@pytest.mark.parametrize("kind", GUNICORN, ids=str)
def test_a_worker_of_gunicorn_that_is_replaced_hands_its_pages_over(kind: Kind, folder: Path) -> None:
    with Running(kind, folder) as server:
        script = server.script()
        viewer, *_ = server.viewers(script.docid, 1)
        wait_until(lambda: viewer.is_streaming, STOP_S)
        server.signal(signal.SIGHUP)
        wait_until(lambda: viewer.ends > 0, STOP_S)
        assert script.store() < STOP_S
        wait_until(lambda: viewer.seq == script.seq and viewer.is_streaming, STOP_S)
        assert viewer.cuts == 0


REPLACING = [
    *((kind, "--max-requests 10") for kind in GUNICORN),
    *((kind, "--max-requests 10 --min-worker-lifetime 1") for kind in KINDS if kind.name == "uWSGI"),
]


@pytest.mark.parametrize(("kind", "options"), REPLACING, ids=str)
def test_a_worker_that_has_answered_enough_hands_its_pages_over(
    kind: Kind, options: str, folder: Path
) -> None:
    kind.skip_if_missing()
    with Running(kind, folder, *options.split()) as server:
        script = server.script()
        viewer, *_ = server.viewers(script.docid, 1)
        wait_until(lambda: viewer.is_streaming, STOP_S)

        def is_replaced() -> bool:
            assert script.store() < STOP_S
            return viewer.ends + viewer.cuts > 0

        wait_until(is_replaced, 2 * STOP_S)
        assert script.store() < STOP_S
        wait_until(lambda: viewer.seq == script.seq, STOP_S)
        assert (viewer.cuts == 0) == kind.is_told
