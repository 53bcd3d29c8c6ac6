"""The generic cell rate algorithm (ITU-T I.371), by which every store counts tries."""


def next_try(expected: float, now: float, interval_s: float, burst: int) -> tuple[float, float]:
    """(seconds to wait, the new expected time) for a try now.

    `expected` is the time at which the tries so far would be used up; 0 where there were none.
    """
    start = max(expected, now)
    wait_s = start - now - interval_s * (burst - 1)
    # Clocks of several machines, and one that was set back, must not lock anybody out for long.
    if wait_s > interval_s * burst:
        start, wait_s = now, 0.0
    return (wait_s, expected) if wait_s > 0 else (0.0, start + interval_s)
