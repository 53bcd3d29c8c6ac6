"""`Body`: a request body in pieces; a long one shows its progress on the terminal."""

import io
import sys
import time
from collections.abc import Sequence
from typing import TextIO

SHOW_FROM_BYTES = 4 << 20
_REDRAW_S = 0.1
_BAR = 24


class Body(io.BufferedIOBase):
    """A file-like object that reads ``pieces`` in order. Each attempt to send them needs a new one."""

    def __init__(self, pieces: Sequence[bytes], progress: "Progress | None" = None) -> None:
        self._pieces = pieces
        self._length = sum(map(len, pieces))
        self._progress = progress
        self._index = 0
        self._offset = 0
        self._sent = 0

    def __len__(self) -> int:
        return self._length

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._length - self._sent if size is None or size < 0 else size
        parts = []
        while wanted > 0 and self._index < len(self._pieces):
            piece = self._pieces[self._index]
            part = piece[self._offset : self._offset + wanted]
            parts.append(part)
            wanted -= len(part)
            self._sent += len(part)
            self._offset += len(part)
            if self._offset >= len(piece):
                self._index, self._offset = self._index + 1, 0
        if self._progress is not None:
            self._progress.show(self._sent)
        return parts[0] if len(parts) == 1 else b"".join(parts)


class Progress:
    """A progress line for a long upload, redrawn in place; nothing if the stream is no terminal."""

    def __init__(self, total_bytes: int, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._total = total_bytes
        self._started = time.monotonic()
        self._drawn = 0.0
        self._width = 0
        self.shown = total_bytes >= SHOW_FROM_BYTES and self._stream is not None and self._stream.isatty()

    def show(self, sent_bytes: int) -> None:
        now = time.monotonic()
        if not self.shown or (now - self._drawn < _REDRAW_S and sent_bytes < self._total):
            return
        self._drawn = now
        rate = sent_bytes / max(now - self._started, 1e-3)
        left_s = (self._total - sent_bytes) / max(rate, 1.0)
        filled = "█" * round(_BAR * sent_bytes / self._total)
        line = (
            f"bokeh_wsgi upload {filled:░<{_BAR}} {sent_bytes / 1e6:.1f} of {self._total / 1e6:.1f} MB, "
            f"{rate / 1e6:.1f} MB/s, {left_s:.0f} s left"
        )
        self._write(line)

    def close(self) -> None:
        """Erase the line."""
        if self._width:
            self._write("")
            self._width = 0

    def _write(self, line: str) -> None:
        self._stream.write("\r" + line.ljust(self._width) + ("" if line else "\r"))
        self._stream.flush()
        self._width = max(self._width, len(line))
