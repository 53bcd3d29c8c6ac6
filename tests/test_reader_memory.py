"""What slow readers hold of former states of documents, and who may hold how much."""

import pytest

from bokeh_wsgi.exc import Busy
from bokeh_wsgi.reader_memory import ReaderMemory

MIB = 1 << 20


def _former() -> bool:
    return False


def _present() -> bool:
    return True


def test_one_caller_may_hold_a_quarter_and_all_together_the_limit() -> None:
    memory = ReaderMemory(32 * MIB)
    holds = [memory.hold("ada", {number: 4 * MIB}, _former) for number in range(2)]
    with pytest.raises(Busy, match="max_reader_bytes") as caught:
        memory.hold("ada", {2: 4 * MIB}, _former)
    assert caught.value.limit == 8 * MIB
    for number in range(10, 16):
        memory.hold(f"user {number}", {number: 4 * MIB}, _former)
    with pytest.raises(Busy) as caught:
        memory.hold("otto", {20: 4 * MIB}, _former)
    assert caught.value.limit == 32 * MIB
    memory.release(holds[0])
    memory.hold("otto", {20: 4 * MIB}, _former)


def test_what_a_document_still_has_counts_for_nobody() -> None:
    memory = ReaderMemory(4 * MIB)
    for number in range(10):
        memory.hold("ada", {number: 4 * MIB}, _present)


def test_what_several_hold_counts_once() -> None:
    memory = ReaderMemory(16 * MIB)
    for _ in range(10):
        memory.hold("ada", {1: 4 * MIB}, _former)


def test_one_response_may_need_more_than_the_limit() -> None:
    memory = ReaderMemory(4 * MIB)
    memory.hold("ada", {1: 100 * MIB}, _former)
    with pytest.raises(Busy):
        memory.hold("otto", {2: 2 * MIB}, _former)
    memory.hold("otto", {3: MIB}, _former)  # what is small is always welcome
