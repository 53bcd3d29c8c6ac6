"""Per-process state: a fork copies locks and open files that the child must not use."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value that ``make`` creates once in each process, at first use. Thread-safe, without a lock.

    A forked child creates its own. The copy of its parent's is passed to ``leave``, and dropped.
    """

    def __init__(self, make: Callable[[], T], leave: Callable[[T], object] = lambda _: None) -> None:
        self._make = make
        self._leave = leave
        self._of_pid: dict[int, T] = {}

    @property
    def now(self) -> T:
        pid = os.getpid()
        if pid not in self._of_pid:
            # If several threads create a value at once, all get the first one.
            self._of_pid.setdefault(pid, self._make())
            for copied in [other for other in list(self._of_pid) if other != pid]:
                if (state := self._of_pid.pop(copied, None)) is not None:
                    self._leave(state)
        return self._of_pid[pid]
