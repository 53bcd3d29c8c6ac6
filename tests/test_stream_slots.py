"""How many responses a process holds open: never so many that they take the last thread of its server."""

import math
import os
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bokeh_wsgi.exc import TooMany
from bokeh_wsgi.listeners import Listener
from bokeh_wsgi.servers import Server, server_of
from bokeh_wsgi.stream_slots import PROBE_S, UNNOTICED_S, ServerThreads, StreamSlot, StreamSlots

UNTOLD = Server(None)
POOL_OF_UNKNOWN_SIZE = {"wsgi.multithread": True}
ONE_AT_A_TIME = {"wsgi.multithread": False}
OWN_THREADS = {"wsgi.multithread": True, "SERVER_SOFTWARE": "Werkzeug/3"}


@pytest.mark.parametrize(("threads", "held"), [(1, 0), (2, 1), (3, 2), (4, 2), (16, 14), (1000, 998)])
def test_held_responses_never_take_the_last_thread(threads: int, held: int) -> None:
    pool = ServerThreads()
    places = [pool.hold(Server(threads), trusted=True) for _ in range(threads + 1)]
    assert sum(place is not None for place in places) == held


def test_two_apps_share_the_threads_of_their_server() -> None:
    pool = ServerThreads()
    first = pool.hold(Server(2), trusted=False)
    assert first is not None
    assert pool.hold(Server(2), trusted=False) is None
    pool.release(first)
    assert pool.hold(Server(2), trusted=False) is not None


@contextmanager
def another_request(pool: ServerThreads) -> Iterator[None]:
    """Being handled by another thread of the server, for as long as this lasts."""
    begun, over = threading.Event(), threading.Event()

    def handle() -> None:
        with pool.serving({}):
            begun.set()
            over.wait()

    thread = threading.Thread(target=handle)
    thread.start()
    begun.wait()
    yield
    over.set()
    thread.join()


def held(pool: ServerThreads) -> StreamSlot | None:
    """The place of one more request."""
    with pool.serving({}):
        return pool.hold(UNTOLD, trusted=False)


def test_of_a_pool_of_unknown_size_one_is_held_for_a_moment() -> None:
    pool = ServerThreads()
    place = held(pool)
    assert place is not None
    assert place.is_probe
    assert 0 < place.left_s() <= PROBE_S


def test_and_for_good_once_another_request_was_handled_meanwhile() -> None:
    pool = ServerThreads()
    place = held(pool)
    assert place is not None
    with another_request(pool):
        assert not place.is_probe
        assert place.left_s() > PROBE_S
    # Now there are two threads, of which one is held: the next is a probe again.
    probe = held(pool)
    assert probe is not None
    assert probe.is_probe


def test_a_session_in_the_server_s_own_process_is_not_another_request() -> None:
    pool = ServerThreads()
    place = held(pool)
    with pool.serving({"SERVER_SOFTWARE": "bokeh_wsgi"}):
        assert place is not None
        assert place.is_probe


def test_threads_that_were_seen_at_the_same_time_are_known() -> None:
    pool = ServerThreads()
    with another_request(pool), another_request(pool), another_request(pool):
        pass
    first, second, third = held(pool), held(pool), held(pool)
    assert first is not None
    assert second is not None
    assert third is not None
    assert [first.is_probe, second.is_probe, third.is_probe] == [False, False, True]


def test_a_probe_that_failed_is_not_repeated_at_once() -> None:
    pool = ServerThreads()
    place = held(pool)
    assert place is not None
    pool.release(place)
    assert held(pool) is None


def test_what_a_server_drops_without_a_word_gives_its_place_back() -> None:
    pool = ServerThreads()
    place = pool.hold(Server(2), trusted=False)
    assert place is not None
    del place
    assert pool.hold(Server(2), trusted=False) is not None


def test_a_site_that_says_how_many_is_believed_where_the_server_does_not_tell() -> None:
    streams = StreamSlots(3, threads=ServerThreads())
    places = [streams.take(POOL_OF_UNKNOWN_SIZE, "user ada") for _ in range(4)]
    assert [place is not None and not place.is_probe for place in places] == [True, True, True, False]


def test_where_a_viewer_may_leave_unnoticed_a_response_ends_and_is_asked_for_again() -> None:
    unknown, known = (
        ServerThreads().hold(UNTOLD, trusted=True),
        ServerThreads().hold(Server(16), trusted=True),
    )
    assert unknown is not None
    assert known is not None
    assert 0 < unknown.left_s() <= UNNOTICED_S
    # As a stream, so that its page does not take to polling.
    assert not unknown.is_probe
    assert known.left_s() == math.inf


def test_a_site_that_says_more_than_the_server_can_is_not_believed() -> None:
    assert StreamSlots(14, threads=ServerThreads()).take(ONE_AT_A_TIME, "user ada") is None


def test_a_server_with_a_thread_for_each_connection_has_no_end_of_them() -> None:
    assert server_of(OWN_THREADS) == Server(math.inf)


def test_a_server_of_python_s_own_has_a_thread_for_each_connection() -> None:
    found: list[Server] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            found.append(server_of(POOL_OF_UNKNOWN_SIZE))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        socket.create_connection(("127.0.0.1", server.server_address[1])).close()
        server.handle_request()
    assert [each.threads for each in found] == [math.inf]
    assert server_of(POOL_OF_UNKNOWN_SIZE).threads is None


def test_a_reader_s_limit_is_told_and_a_refused_stream_takes_no_place() -> None:
    streams = StreamSlots(reader_limit=1, threads=ServerThreads())
    place = streams.take(OWN_THREADS, "user ada")
    assert place is not None
    with pytest.raises(TooMany, match="max_user_streams"):
        streams.take(OWN_THREADS, "user ada")
    streams.give_back(place, "user ada")
    assert streams.take(OWN_THREADS, "user ada") is not None


def test_a_server_that_ends_ends_what_it_holds_and_holds_no_more() -> None:
    ends = threading.Event()
    pool = ServerThreads()
    server = Server(16, ends.is_set)
    place = pool.hold(server, trusted=False)
    assert place is not None
    assert place.left_s() == math.inf
    ends.set()
    assert place.event.wait(10)
    assert place.left_s() == 0
    later = pool.hold(server, trusted=False)
    assert later is not None
    assert later.left_s() == 0
    # Not a probe: who asked for a stream asks for one again, elsewhere.
    assert not later.is_probe


@pytest.mark.parametrize("family", ["inet", "unix"])
def test_a_listening_socket_that_is_closed_is_noticed_and_one_that_is_opened_again(
    family: str, tmp_path: Path
) -> None:
    def listen(port: int) -> socket.socket:
        if family == "unix":
            with suppress(FileNotFoundError):
                os.unlink(tmp_path / "socket")
            return socket.create_server(str(tmp_path / "socket"), family=socket.AF_UNIX)
        return socket.create_server(("127.0.0.1", port), reuse_port=True)

    first = listen(0)
    port = 1 if family == "unix" else first.getsockname()[1]
    listener = Listener(port)
    with first, first.dup() as other:
        assert not listener.is_gone()
        # It may be the same file: what counts is that one of the server's handles is closed.
        other.close()
        assert listener.is_gone()
    assert listener.is_gone()
    with listen(port):
        assert not listener.is_gone()
    assert listener.is_gone()


def test_where_nobody_listens_no_end_is_noticed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listener = Listener(port)
    assert not listener.is_gone()
    assert not listener.is_gone()
