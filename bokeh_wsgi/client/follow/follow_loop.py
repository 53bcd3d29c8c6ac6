"""`FollowLoop`: applies the changes of others, calls callbacks, and stores what those changed."""

import atexit
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from bokeh.document import Document
from bokeh.events import Event

from bokeh_wsgi.client.account.pulling import Puller
from bokeh_wsgi.client.publish.steps import Step
from bokeh_wsgi.client.publish.store_loop import StoreLoop
from bokeh_wsgi.exc import BokehWSGIError, PastGeneration, ServerRefused, ServerUnreachable, SessionError

from .batch import Batch, batches_of
from .callback_runner import CallbackRunner, Notice, event_of
from .inbound import Inbound
from .pending_callbacks import PendingCallbacks, PropertyChange
from .remote_change import RemoteChange
from .replies import Replies
from .stream_reader import FIRST_WAIT_S, FOR_GOOD, LONGEST_WAIT_S, StreamReader
from .timers import Timers, kind_of

log = logging.getLogger("bokeh_wsgi")

EXIT_S: Final = 5.0
"""How long a script that ends waits for a running callback."""

CALM_S: Final = 30.0
"""If nobody took the document over for this long, the next time it is taken back at once."""

ViewersCallback = Callable[[int], Any]


class FollowLoop:
    """Follows one document of a session, from `start` to `stop`.

    `run` works in the calling thread, `spawn` in a new one; with `next_change` the caller runs the rounds.
    ``interval_s``: the shortest time between two rounds that apply changes.
    """

    def __init__(
        self,
        document: Document,
        stores: StoreLoop,
        puller: Puller,
        *,
        viewers_callbacks: Sequence[ViewersCallback],
        notice: Notice | None = None,
        interval_s: float = 0.0,
    ) -> None:
        self.document = document
        self._stores = stores
        self._puller = puller
        self._publisher = stores.publisher
        self._viewers_callbacks = viewers_callbacks
        self._interval_s = interval_s
        self._wake = threading.Condition()
        self._stopping = False
        self._timers_changed = True
        self._timers = Timers(document, self._timer_came)
        self._dirty = stores.publisher.watch.dirty(document)
        self._pending = PendingCallbacks()
        self.inbound = Inbound(self._publisher, document, puller, dirty=self._dirty, pending=self._pending)
        self._replies = Replies(stores, document, self._dirty)
        self._caller = CallbackRunner(document, notice)
        self._batches: deque[Batch] = deque()
        self._thread: threading.Thread | None = None
        self._runner = 0
        self._viewers: int | None = None
        self._taken_at = -float("inf")
        self._retry_s = FIRST_WAIT_S
        self._take_over_s = 0.0
        self._taken_over_at = -math.inf
        self._error: SessionError | None = None
        self._is_over = self._is_broken = self._is_waiting = False

    # Start and end

    def start(self) -> None:
        """Start to read the stream. Called with the session's lock held, after the document was loaded."""
        followed = self._publisher.followed
        assert followed is not None
        self._timers.begin()
        self._publisher.absorb = self._absorb
        self._reader = StreamReader(
            self._puller.transport,
            self._stores.docid,
            followed,
            self._wake_up,
            wants_viewers=lambda: bool(self._viewers_callbacks),
        )
        self._reader.start()
        atexit.register(self._end_with_script)

    def run(self) -> None:
        """Run until `stop` or Ctrl-C. Raises an error if the document cannot be followed any more."""
        self._runner = threading.get_ident()
        try:
            while not self._stopping:
                self.round()
        except KeyboardInterrupt:
            pass
        except BaseException:
            self._is_broken = True
            raise
        finally:
            self._runner = 0
            self._finish()

    def spawn(self) -> "FollowLoop":
        """As `run`, in a thread. An error that ends it is logged, and raised by the session's next call."""
        self._thread = threading.Thread(target=self._run_in_thread, name="bokeh-wsgi-live", daemon=True)
        self._thread.start()
        return self

    def _run_in_thread(self) -> None:
        self._runner = threading.get_ident()
        try:
            while not self._stopping:
                self.round()
        except SessionError as error:
            self._error, self._is_broken = error, True
            log.error("live() of document %s has ended: %s", self._stores.docid, error)
        except Exception as error:
            self._error = SessionError(f"live() has ended: {type(error).__name__}: {error}")
            self._is_broken = True
            log.exception("live() of document %s has ended", self._stores.docid)
        finally:
            self._runner = 0
            self._finish()

    def stop(self) -> None:
        """End the loop, after a running callback has returned and its changes are stored.

        Raises the error, if any, that ended the loop before.
        """
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._runner == threading.get_ident():
            return
        if self._thread is not None:
            self._thread.join()
        elif not self._runner:
            self._finish()
        self.raise_error()

    @property
    def is_on(self) -> bool:
        return not self._is_over

    @property
    def is_manual(self) -> bool:
        """Whether neither `run` nor `spawn` runs it."""
        return self._thread is None and not self._runner

    def raise_error(self) -> None:
        """Raise the error, if any, that ended the loop; once."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __enter__(self) -> "FollowLoop":
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            self.stop()
        except SessionError:
            if kind is None:
                raise

    def _finish(self) -> None:
        with self._wake:
            if self._is_over:
                return
            self._is_over = True
            self._stopping = True
        atexit.unregister(self._end_with_script)
        # Do not wait for a server that is away.
        can_store = self._reader.is_connected and not self._is_broken
        self._reader.stop()
        try:
            if can_store and (self._replies.full_scan_at < math.inf or self._dirty.dirty()):
                self._replies.store(whole=True)
        except BokehWSGIError as error:
            log.error("what callbacks changed was not stored: %s", error)
        self._timers.end()
        with self._stores.lock:
            if self._publisher.absorb == self._absorb:
                self._publisher.absorb = None
                if self._publisher.own.any_between(self._publisher.followed or 0, 1 << 62):
                    self._publisher.followed = None

    def _end_with_script(self) -> None:
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(EXIT_S)
        else:
            self._finish()

    # Waiting

    def next_change(self, timeout_s: float | None) -> RemoteChange | None:
        """Run rounds until others have changed something; None after the timeout."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while self.is_on and not self._stopping:
            try:
                change = self.round(deadline)
            except BaseException as error:
                if not isinstance(error, KeyboardInterrupt):
                    self._is_broken = True
                    self._finish()
                raise
            if change is not None:
                return change
            if deadline is not None and time.monotonic() >= deadline:
                return None
        self._finish()
        return None

    @property
    def is_at_rest(self) -> bool:
        """Whether all changes are applied, no callback runs, and what callbacks changed is stored."""
        with self._wake:
            has_work = self._batches or self._pending or self._reader.has_news
            return self._is_waiting and not has_work and self._replies.full_scan_at == math.inf

    def _wake_up(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _timer_came(self) -> None:
        with self._wake:
            self._timers_changed = True
            self._wake.notify_all()

    def _absorb(self, step: Step) -> None:
        self.inbound.absorb(step)
        self._wake_up()

    def _wait(self, deadline: float) -> None:
        """Wait until there is something to do, or for the deadline."""
        with self._wake:
            if self._stopping or self._timers_changed or self._batches or self._pending:
                return
            now = time.monotonic()
            until = [deadline, self._timers.next_at, self._replies.full_scan_at]
            news_at = self._taken_at + self._interval_s
            if self._reader.has_news:
                until.append(news_at)
            wait_s = min(until) - now
            if wait_s > 0:
                self._is_waiting = True
                self._wake.wait(min(wait_s, 60.0))
                self._is_waiting = False

    # The loop

    def round(self, deadline: float | None = None) -> RemoteChange | None:
        """Wait for something to do, and do it; returns what others changed, if they did."""
        self._wait(time.monotonic() + 60.0 if deadline is None else deadline)
        if self._stopping:
            return None
        if self._timers_changed:
            self._timers_changed = False
            self._timers.refresh()
        try:
            change = self._take_news()
            if self._stores.is_stopped:
                self._stopping = True
                return None
            self._run_timers()
            if time.monotonic() >= self._replies.full_scan_at:
                self._replies.store(whole=True)
            self._retry_s = FIRST_WAIT_S
        except ServerUnreachable as error:
            log.warning("the server is away, trying again: %s", error)
            self._pause()
            return None
        except ServerRefused as error:
            if error.status in FOR_GOOD:
                raise
            log.error("%s", error)
            self._pause()
            return None
        return change

    def _pause(self) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping, self._retry_s)
        self._retry_s = min(self._retry_s * 2, LONGEST_WAIT_S)

    def _take_news(self) -> RemoteChange | None:
        now = time.monotonic()
        if not self._batches and now - self._taken_at >= self._interval_s:
            if self._reader.has_news:
                self._taken_at = now
            self._batches.extend(batches_of(self._reader.take()))
            if not self._batches and self._reader.error is not None:
                raise self._reader.error
        if self._batches:
            return self._do(self._batches[0])
        if self._pending:
            return self._do(Batch())
        return None

    def _do(self, batch: Batch) -> RemoteChange | None:
        """Apply one batch, call back, and store."""
        try:
            changed, events, seq = self._take_in(batch)
        except PastGeneration as error:
            self._take_over(error)
            return None
        for one in changed:
            self._caller.changed(one)
        for event in events:
            self._caller.event(event)
        self._notify_of_viewers(batch.viewers)
        if changed or events:
            self._replies.store()
            return RemoteChange(seq, tuple((one.model, one.attribute) for one in changed), tuple(events))
        return None

    def _take_in(self, batch: Batch) -> tuple[list[PropertyChange], list[Event], int]:
        """Apply a batch; returns the changes and events for callbacks, and the ``seq`` reached."""
        publisher = self._publisher
        with self._stores.lock:
            self._stores.flush_quietly()
            self.inbound.take(batch.changes)
            if self._batches and self._batches[0] is batch:
                self._batches.popleft()
            changed = self._pending.take()
            events = [event_of(op, publisher.shadow.graph, self.inbound.index) for op in batch.events]
            seq = max([publisher.followed or 0, *(change.seq for _, change in batch.changes)])
            self._stores.undrawn.take(batch.events, seq)
        return changed, [event for event in events if event is not None], seq

    def _take_over(self, error: PastGeneration) -> None:
        """React to another script that started the document anew; with growing pauses if that repeats."""
        now = time.monotonic()
        if now - self._taken_over_at > CALM_S:
            self._take_over_s = 0.0
        else:
            self._take_over_s = min(max(self._take_over_s * 2, FIRST_WAIT_S), LONGEST_WAIT_S)
        with self._wake:
            self._wake.wait_for(lambda: self._stopping, self._take_over_s)
            if self._stopping:
                return
        self._taken_over_at = time.monotonic()
        with self._stores.lock:
            self._stores.take_over(error)

    def _notify_of_viewers(self, viewers: int | None) -> None:
        before = self._viewers
        if viewers is None:
            return
        self._viewers = viewers
        if bool(viewers) != bool(before):
            for callback in list(self._viewers_callbacks):
                self._caller.call("on_viewers", callback, viewers)
            self._replies.store()

    def _run_timers(self) -> None:
        for callback in self._timers.take():
            if self._stopping:
                return
            if self._timers.is_on(callback):
                # Without Bokeh's wrapper, which sets curdoc: `CallbackRunner` does that.
                function = getattr(callback.callback, "__wrapped__", callback.callback)
                self._caller.call(kind_of(callback), function)
                self._replies.store()


Live = FollowLoop
"""The name in the public API: what `Session.live` returns."""
