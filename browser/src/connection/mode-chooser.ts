import type { Outcome } from "./read-changes";
import type { Timing } from "./timing";

/**
 * How the page requests changes, best first: a response kept open, one delayed until there are changes, or one answered
 * at once.
 */
export type Mode = "stream" | "long-poll" | "poll";

/** Chooses the mode that works in this network, from the outcomes of previous requests. */
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
      // An empty response that arrived early was not delayed.
      const wasDelayed = ms >= Math.min(this.timing.longPollS * 1000, this.timing.goodMs) / 2;
      if (this.mode === "long-poll" && changes === 0 && !wasDelayed) this.#set("poll", this.#retryAt);
    } else if (began && ms < this.timing.shortMs && ++this.#cuts >= this.timing.cuts) this.fallBack(now);
  }

  /** Switch to the next worse mode. */
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
