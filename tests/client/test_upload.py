"""Long uploads: sent in pieces, and seen on a terminal."""

import io

import pytest

from bokeh_wsgi.client.transport.body import Body, Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_body_reads_as_its_pieces_joined(size: int) -> None:
    pieces = [b"ab", b"", b"cdefg", b"h"]
    body = Body(pieces)
    assert len(body) == 8
    read = []
    while part := body.read(size):
        assert len(part) <= size
        read.append(part)
    assert b"".join(read) == b"abcdefgh"


def test_a_body_can_be_read_whole_or_by_lines() -> None:
    assert Body([b"ab", b"c"]).read() == b"abc"
    assert Body([b"ab\nc", b"d"]).readline() == b"ab\n"


def test_progress_is_drawn_on_a_terminal_and_taken_away() -> None:
    terminal = Terminal()
    progress = Progress(8 << 20, terminal)
    body = Body([bytes(4 << 20), bytes(4 << 20)], progress)
    while body.read(1 << 20):
        pass
    progress.close()
    drawn = terminal.getvalue()
    assert "8.4 of 8.4 MB" in drawn
    assert drawn.endswith("\r")


@pytest.mark.parametrize(("length", "stream"), [(100, Terminal()), (8 << 20, io.StringIO())])
def test_nothing_is_drawn_for_short_uploads_or_into_files(length: int, stream: io.StringIO) -> None:
    progress = Progress(length, stream)
    progress.show(length)
    progress.close()
    assert stream.getvalue() == ""
