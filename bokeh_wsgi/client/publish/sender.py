"""`Sender`: sends the steps of a session one after the other; those of a burst in the background."""

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

from bokeh_wsgi.client.transport.answer import has_fields
from bokeh_wsgi.client.transport.transport import Transport
from bokeh_wsgi.dataplane import FilterMemory, Op, encode_upload
from bokeh_wsgi.exc import Conflict, PastGeneration, ServerRefused
from bokeh_wsgi.protocol import ARROW_STREAM, GENERATION_HEADER, HOST_HEADER, IDEMPOTENCY_HEADER

from .publisher import Publisher
from .steps import Step, is_rows, joined
from .undrawn import Undrawn

MAX_ATTEMPTS: Final = 5
"""How often a store is attempted while the server refuses it as based on an older state."""
FOLLOWING_ATTEMPTS: Final = 200
"""The same while the document is followed: then each attempt is based on what others have done."""
PAUSE_S: Final = 0.02
"""The longest random pause between attempts once several have failed: then others write all the time."""
WAITING_BYTES: Final = 4 << 20
"""When more than this is queued, `store_soon` waits until it is sent."""
WAITING_OPS: Final = 4096
LATE_S: Final = 0.01
"""When a step has been queued for this long, `store_soon` waits as long for it: otherwise a script that never
stops computing would keep the sending thread from running."""
LINGER_S: Final = 0.2
"""How long the sending thread waits for more before it ends."""

Make = Callable[[], Step | None]
"""Creates the step to send from what is own at the moment of the call; None if there is nothing to send."""


@dataclass(frozen=True, slots=True)
class _Upload:
    """A step being sent: repeated with the same bytes and the same key until the server has answered."""

    step: Step
    pieces: list[bytes]
    key: str


class Sender:
    """Sends the steps of a `Publisher`. All methods are called with ``lock`` held; it is released to wait.

    A step is based on the steps before it, so they are sent in the order of their creation. If an upload got
    no answer, the server may or may not have accepted it: it is sent again before anything else.
    ``resolve`` updates the shadow after a conflict, so that the next step fits. ``restore`` stores the models
    of a step again that was refused in the background.
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
        """Send a step; after a conflict, create and send it again.

        Raises `Conflict` after this many ``attempts``; the next store sends what is missing.
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
                self._publisher.columns.spot_check()
                return
            except Conflict as conflict:
                self._resolve_with(conflict, step)
                if attempt == attempts - 1:
                    raise
                if attempt > MAX_ATTEMPTS:
                    time.sleep(random.uniform(0, PAUSE_S))

    def store_soon(self, make: Make) -> None:
        """Send a step in the background, joined with others that are queued before it is sent.

        Waits only if more than rows change, or if too much is queued. Errors are raised by a later call.
        """
        self._raise()
        if self._unanswered is not None or not all(map(is_rows, self._waiting)):
            self.flush()
        step = make()
        if step is None:
            return
        if not self._waiting:
            self._waiting_since = time.monotonic()
        step = replace(step, ops=[_with_copied_values(op) for op in step.ops])
        self._waiting.append(step)
        self._start()
        self._publisher.columns.spot_check()
        ops = [op for step in self._waiting for op in step.ops]
        size = sum(op.values.nbytes for op in ops if op.values is not None)
        if not is_rows(step) or size > WAITING_BYTES or len(ops) > WAITING_OPS:
            self.flush()
        elif time.monotonic() - self._waiting_since > LATE_S:
            self._changed.wait_for(lambda: step not in self._waiting, LATE_S)

    def flush(self) -> None:
        """Wait until the server has accepted everything; raises errors of the background, too."""
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
        """As `flush`, but errors of the background are left for the next call."""
        error, self._error = self._error, None
        if error is not None:
            self._refuse_waiting()
        try:
            self.flush()
        finally:
            if error is not None:
                self._error = error

    def close(self) -> None:
        """Wait for the upload in the background, and discard the rest."""
        self._changed.wait_for(lambda: not self._is_busy())
        self._waiting.clear()
        self._unanswered = self._error = None

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _is_busy(self) -> bool:
        """Whether the sending thread is sending, or will be."""
        thread = self._thread
        if thread is None or thread is threading.current_thread() or not thread.is_alive():
            return False
        return self._in_flight or (bool(self._waiting) and self._error is None)

    def _send(self, step: Step) -> None:
        try:
            pieces = encode_upload(self._docid, step.ops, self._filters)
        except BaseException:
            # The shadow already contains the step's changes to columns.
            self._publisher.refuse(step)
            raise
        self._exchange(_Upload(step, pieces, secrets.token_urlsafe(12)))

    def _exchange(self, upload: _Upload) -> None:
        """Send an upload and record the answer; the caller has to resolve a `Conflict`."""
        path = f"doc/{quote(self._docid, safe='')}/changes"
        headers = {"Content-Type": ARROW_STREAM, IDEMPOTENCY_HEADER: upload.key}
        if upload.step.starts_anew:
            headers[HOST_HEADER] = socket.gethostname()
        elif upload.step.generation is not None:
            headers[GENERATION_HEADER] = upload.step.generation
        try:
            with self._unlocked():
                answer = self._transport.request(
                    "POST", path, headers=headers, pieces=upload.pieces, is_whole=has_fields("seq")
                )
        except (Conflict, PastGeneration, ServerRefused) as error:
            self._unanswered = None
            if not isinstance(error, Conflict):
                self._publisher.refuse(upload.step)
                self._refuse_waiting()
            raise
        except BaseException:
            # No answer, or Ctrl-C.
            self._unanswered = upload
            raise
        self._unanswered = None
        body = answer.json()
        self._publisher.acknowledge(upload.step, body["seq"])
        for report in body.get("undrawn", ()):
            if isinstance(report, dict) and isinstance(report.get("seq"), int):
                self._warnings.add(str(report.get("text")), report["seq"])

    def _refuse_waiting(self) -> None:
        for step in self._waiting:
            self._publisher.refuse(step)
        self._waiting.clear()

    # In the background

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            # Not a daemon: a script that ends still sends what it stored.
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
        """Release the lock during an upload in the background, so that others can create steps meanwhile."""
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
        """Send the queued steps up to the first that changes more than rows, as one step."""
        count = next((i for i, step in enumerate(self._waiting) if not is_rows(step)), len(self._waiting))
        steps = self._waiting[: max(count, 1)]
        del self._waiting[: max(count, 1)]
        self._changed.notify_all()
        step = self._publisher.based(joined(steps))
        waiting = list(self._waiting)
        try:
            self._send(step)
        except PastGeneration as error:
            self._store_again(_joined_objects([step, *waiting]), error)
        except Conflict as conflict:
            self._store_again(self._resolve(conflict, step), None)

    def _store_again(self, given_up: Step, error: PastGeneration | None) -> None:
        """Restore a step with the lock held: a step created meanwhile would be based on a refused one."""
        self._is_restoring = True
        try:
            self._restore(given_up, error)
        finally:
            self._is_restoring = False

    def _resolve(self, conflict: Conflict, step: Step) -> Step:
        """Discard a refused step and those based on it, and resolve the conflict; returns them as one."""
        given_up = _joined_objects([step, *self._waiting])
        self._waiting.clear()
        self._resolve_with(conflict, given_up)
        return given_up


def _joined_objects(steps: Sequence[Step]) -> Step:
    """One step with the ops and objects of discarded steps; not to be sent."""
    objects = {key: model for step in steps for key, model in step.objects.items()}
    return Step([op for step in steps for op in step.ops], None, objects, steps[-1].generation)


def _with_copied_values(op: Op) -> Op:
    """The op with a copy of its values, which are views of a column that may change."""
    return op if op.values is None else replace(op, values=op.values.copy())
