"""Brings a session's steps to its document, one after the other; those of a burst in the background."""

import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from bokeh_wsgi.client.transport.answer import ARROW_STREAM, telling
from bokeh_wsgi.client.transport.transport import Transport
from bokeh_wsgi.dataplane import FilterMemory, Op, encode_upload
from bokeh_wsgi.exc import Conflict, PastGeneration, ServerRefused

from .publisher import Publisher
from .steps import Step, is_rows, joined
from .undrawn import Undrawn

MAX_ATTEMPTS: Final = 5
"""How often a store is tried again after the server said that it was made for another state."""
FOLLOWING_ATTEMPTS: Final = 200
"""And where the document is followed, so that each attempt is put on top of what others did."""
PAUSE_S: Final = 0.02
"""Between attempts when several have failed, a random time up to this: others write all the time."""
WAITING_BYTES: Final = 4 << 20
"""When more than this waits, `store_soon` waits too."""
WAITING_OPS: Final = 4096
LATE_S: Final = 0.01
"""When something has been waiting for so long, `store_soon` waits too, but no longer than that: a script that
computes all the time would not leave the thread that sends its turn."""
LINGER_S: Final = 0.2
"""How long the thread stays for more when it has sent all."""

Make = Callable[[], Step | None]
"""What has to be sent now, if anything."""


@dataclass(frozen=True, slots=True)
class _Upload:
    """A step on its way: sent again as it is, with the same key, until the server has answered."""

    step: Step
    pieces: list[bytes]
    key: str


class Sender:
    """The sending side of a `Publisher`. Everything is called with ``lock`` held; waiting lets it go.

    A step is made against what the steps before it will have done, so they are sent in the order in which
    they were made. Of an upload without an answer nobody knows whether the server took it: it is sent again
    first. ``resolve`` has the next step fit what the server says it holds; ``restore`` stores the models of a
    step again that was refused in the background.
    """

    def __init__(
        self,
        transport: Transport,
        docid: str,
        publisher: Publisher,
        lock: threading.RLock,
        *,
        warnings: Undrawn,
        resolve: Callable[[Conflict, Step], None],
        restore: Callable[[Step, PastGeneration | None], None],
    ) -> None:
        self._transport = transport
        self._docid = docid
        self._publisher = publisher
        self._warnings = warnings
        self._lock = lock
        self._changed = threading.Condition(lock)
        self._resolve_with = resolve
        self._restore = restore
        self._filters = FilterMemory()
        self._unanswered: _Upload | None = None
        self._waiting: list[Step] = []
        self._waiting_since = 0.0
        self._in_flight = self._is_restoring = False
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def store(self, make: Make, attempts: int | None = None) -> None:
        """Send a step, made anew as often as the document turns out to be another than was thought.

        Raises `Conflict` after so many ``attempts``; the next store sends what is missing.
        """
        self.flush()
        if attempts is None:
            attempts = MAX_ATTEMPTS if self._publisher.absorb is None else FOLLOWING_ATTEMPTS
        for attempt in range(attempts):
            step = make()
            if step is None:
                return
            try:
                self._send(step)
                self._publisher.columns.look_around()
                return
            except Conflict as conflict:
                self._resolve_with(conflict, step)
                if attempt == attempts - 1:
                    raise
                if attempt > MAX_ATTEMPTS:
                    time.sleep(random.uniform(0, PAUSE_S))

    def store_soon(self, make: Make) -> None:
        """Send a step in the background, as one with those that are made until its turn comes.

        Waits only for what changes more than rows, and where too much is waiting. What went wrong is raised
        by a later call.
        """
        self._raise()
        if self._unanswered is not None or not all(map(is_rows, self._waiting)):
            self.flush()
        step = make()
        if step is None:
            return
        if not self._waiting:
            self._waiting_since = time.monotonic()
        step = replace(step, ops=[_own(op) for op in step.ops])
        self._waiting.append(step)
        self._start()
        self._publisher.columns.look_around()
        ops = [op for step in self._waiting for op in step.ops]
        size = sum(op.values.nbytes for op in ops if op.values is not None)
        if not is_rows(step) or size > WAITING_BYTES or len(ops) > WAITING_OPS:
            self.flush()
        elif time.monotonic() - self._waiting_since > LATE_S:
            self._changed.wait_for(lambda: step not in self._waiting, LATE_S)

    def flush(self) -> None:
        """Wait until the server has all; raises what went wrong on the way there."""
        self._changed.wait_for(lambda: not self._is_busy())
        self._raise()
        if self._unanswered is not None:
            upload = self._unanswered
            try:
                self._exchange(upload)
            except Conflict as conflict:
                self._resolve(conflict, upload.step)
        while self._waiting:
            self._send_waiting()

    def flush_quietly(self) -> None:
        """As `flush`, but leaves what went wrong in the background to the next call to raise."""
        error, self._error = self._error, None
        if error is not None:
            self._refuse_waiting()
        try:
            self.flush()
        finally:
            if error is not None:
                self._error = error

    def close(self) -> None:
        """Wait for what is being sent in the background, and give up the rest."""
        self._changed.wait_for(lambda: not self._is_busy())
        self._waiting.clear()
        self._unanswered = self._error = None

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _is_busy(self) -> bool:
        """Whether the thread is at work, or will be."""
        thread = self._thread
        if thread is None or thread is threading.current_thread() or not thread.is_alive():
            return False
        return self._in_flight or (bool(self._waiting) and self._error is None)

    def _send(self, step: Step) -> None:
        try:
            pieces = encode_upload(self._docid, step.ops, self._filters)
        except BaseException:
            # The shadow has its columns already.
            self._publisher.refuse(step)
            raise
        self._exchange(_Upload(step, pieces, secrets.token_urlsafe(12)))

    def _exchange(self, upload: _Upload) -> None:
        """Send it and take the answer in; after a `Conflict`, the caller has to resolve it."""
        path = f"doc/{quote(self._docid, safe='')}/changes"
        headers = {"Content-Type": ARROW_STREAM, "Idempotency-Key": upload.key}
        if upload.step.starts_anew:
            headers["Script-Host"] = socket.gethostname()
        elif upload.step.generation is not None:
            headers["Document-Generation"] = upload.step.generation
        try:
            with self._unlocked():
                answer = self._transport.request(
                    "POST", path, headers=headers, pieces=upload.pieces, is_whole=telling("seq")
                )
        except (Conflict, PastGeneration, ServerRefused) as error:
            self._unanswered = None
            if not isinstance(error, Conflict):
                self._publisher.refuse(upload.step)
                self._refuse_waiting()
            raise
        except BaseException:
            # Nobody answers, or an interruption.
            self._unanswered = upload
            raise
        self._unanswered = None
        said = answer.json()
        self._publisher.acknowledge(upload.step, said["seq"])
        for report in said.get("undrawn", ()):
            self._warnings.add(report["text"], report["seq"])

    def _refuse_waiting(self) -> None:
        for step in self._waiting:
            self._publisher.refuse(step)
        self._waiting.clear()

    # In the background

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            # No daemon: a script that ends still sends what it stored.
            self._thread = threading.Thread(target=self._run, name="bokeh-wsgi-sender", daemon=False)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        with self._lock:
            while self._changed.wait_for(lambda: self._waiting, LINGER_S) and self._error is None:
                try:
                    self._send_waiting()
                except Exception as error:  # noqa: BLE001  (the next call raises it)
                    self._error = error
                self._changed.notify_all()
            self._thread = None
            self._changed.notify_all()

    @contextmanager
    def _unlocked(self) -> Iterator[None]:
        """Lets others make steps while one is on its way in the background; callers' own are waited for."""
        if threading.current_thread() is not self._thread or self._is_restoring:
            yield
            return
        self._in_flight = True
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()
            self._in_flight = False

    def _send_waiting(self) -> None:
        """Send what waits, as one step if nothing but rows change."""
        count = next((i for i, step in enumerate(self._waiting) if not is_rows(step)), len(self._waiting))
        steps = self._waiting[: max(count, 1)]
        del self._waiting[: max(count, 1)]
        self._changed.notify_all()
        step = self._publisher.based(joined(steps))
        waiting = list(self._waiting)
        try:
            self._send(step)
        except PastGeneration as error:
            self._store_again(_together([step, *waiting]), error)
        except Conflict as conflict:
            self._store_again(self._resolve(conflict, step), None)

    def _store_again(self, given_up: Step, error: PastGeneration | None) -> None:
        """Meanwhile nobody makes a step: it would be made on top of one that may be refused, too."""
        self._is_restoring = True
        try:
            self._restore(given_up, error)
        finally:
            self._is_restoring = False

    def _resolve(self, conflict: Conflict, step: Step) -> Step:
        """Give up the step and those that were made after it; returns them as one."""
        given_up = _together([step, *self._waiting])
        self._waiting.clear()
        self._resolve_with(conflict, given_up)
        return given_up


def _together(steps: Sequence[Step]) -> Step:
    """What steps are about that were given up."""
    objects = {key: model for step in steps for key, model in step.objects.items()}
    return Step([op for step in steps for op in step.ops], None, objects, steps[-1].generation)


def _own(op: Op) -> Op:
    """The op with values of its own, for which its column may change."""
    return op if op.values is None else replace(op, values=op.values.copy())
