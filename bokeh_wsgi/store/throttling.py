"""The generic cell rate algorithm (ITU-T I.371), which limits attempts."""


def next_try(expected: float, now: float, interval_s: float, burst: int) -> tuple[float, float]:
    """(seconds to wait, new expected time) of an attempt now.

    `expected` is the theoretical arrival time of the next attempt; 0 at first.
    """
    start = max(expected, now)
    wait_s = start - now - interval_s * (burst - 1)
    # A clock that differs, or was set back, must not lock users out for long.
    if wait_s > interval_s * burst:
        start, wait_s = now, 0.0
    return (wait_s, expected) if wait_s > 0 else (0.0, start + interval_s)
