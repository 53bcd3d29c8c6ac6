import type { Outcome } from "./read-changes";
import type { Timing } from "./timing";

/**
 * How the page asks for changes, best first: one response kept open, one held until there is news, or one
 * answered at once.
 */
export type Mode = "stream" | "long-poll" | "poll";

/** Which way of asking works here, found out by what happened to the last ones. */
export class ModeChooser {
  mode: Mode = "stream";
  #cuts = 0;
  #retryAt = Infinity;
  #retryMs: number;

  constructor(private readonly timing: Timing) {
    this.#retryMs = timing.retryMs;
  }

  /** The mode for the next request. */
  next(now: number): Mode {
    if (now >= this.#retryAt) this.#set("stream", Infinity);
    return this.mode;
  }

  /** Learn from a request that took `ms`. */
  learn(outcome: Outcome, ms: number, now: number): void {
    const { began, ended, wait, changes } = outcome;
    if (ended) {
      this.#cuts = 0;
      if (this.mode === "stream" && wait === "poll") this.#set("poll", now + this.timing.retryMs);
      // A held answer without news that came so soon was not held.
      const held = ms >= Math.min(this.timing.longPollS * 1000, this.timing.goodMs) / 2;
      if (this.mode === "long-poll" && changes === 0 && !held) this.#set("poll", this.#retryAt);
    } else if (began && ms < this.timing.shortMs && ++this.#cuts >= this.timing.cuts) this.fallBack(now);
  }

  /** To the next worse way: this one does not work here. */
  fallBack(now: number): void {
    this.#set(this.mode === "stream" ? "long-poll" : "poll", now + this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, this.timing.maxRetryMs);
  }

  #set(mode: Mode, retryAt: number): void {
    this.mode = mode;
    this.#cuts = 0;
    this.#retryAt = retryAt;
  }
}
