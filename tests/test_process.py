"""State of one process: a forked child gets its own, and its copy of its parent's is left in order."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bokeh_wsgi.process import PerProcess


def holds_in_a_child(check: Callable[[], bool]) -> bool:
    pid = os.fork()
    if not pid:
        os._exit(0 if check() else 1)
    return os.waitpid(pid, 0)[1] == 0


def test_it_is_made_once_however_many_threads_ask() -> None:
    state = PerProcess(list[int])
    with ThreadPoolExecutor(8) as pool:
        assert len({id(found) for found in pool.map(lambda _: state.now, range(100))}) == 1


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_has_its_own_and_leaves_its_parent_s_once() -> None:
    left: list[list[str]] = []
    state = PerProcess(list[str], leave=left.append)
    state.now.append("parent")

    def check() -> bool:
        return not state.now and state.now is state.now and left == [["parent"]]

    assert holds_in_a_child(check)
    assert holds_in_a_child(lambda: check() and holds_in_a_child(lambda: not state.now))
    assert state.now == ["parent"]
    assert not left
