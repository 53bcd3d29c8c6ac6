"""What one process has of its own: a fork copies locks, threads and open files, and shares none of them."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """What ``make`` returns, made once in each process that asks for it. Thread-safe, without a lock.

    A child that was forked gets its own. The copy of its parent's is given to ``leave`` and then dropped.
    """

    def __init__(self, make: Callable[[], T], leave: Callable[[T], object] = lambda _: None) -> None:
        self._make = make
        self._leave = leave
        self._of_pid: dict[int, T] = {}

    @property
    def now(self) -> T:
        pid = os.getpid()
        if pid not in self._of_pid:
            # Of several threads that come here together, the first one's is what all get.
            self._of_pid.setdefault(pid, self._make())
            for copied in [other for other in list(self._of_pid) if other != pid]:
                if (state := self._of_pid.pop(copied, None)) is not None:
                    self._leave(state)
        return self._of_pid[pid]
