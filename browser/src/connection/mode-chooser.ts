import type { Mode } from "./mode";
import type { Outcome } from "./read-changes";

/** A stream that was cut sooner than this was cut by something that does so to all. */
const SHORT_MS = 35_000;
/** So many in a row. */
const CUTS = 3;
/** When to try a stream again; at first soon, in case it was only a bad moment. */
const RETRY_MS = 30_000;
const MAX_RETRY_MS = 600_000;
/** A held answer without news that came sooner than this was not held. */
const HELD_MS = 2_000;

/** Which way of asking works here, found out by what happened to the last ones. */
export class ModeChooser {
  mode: Mode = "stream";
  #cuts = 0;
  #retryAt = Infinity;
  #retryMs = RETRY_MS;

  /** The mode for the next request. */
  next(now: number): Mode {
    if (now >= this.#retryAt) this.#set("stream", Infinity);
    return this.mode;
  }

  /** Learn from a request that took `ms` and that we did not give up for another reason. */
  learn(outcome: Outcome, ms: number, now: number): void {
    const { began, ended, wait, changes } = outcome;
    if (ended) {
      this.#cuts = 0;
      if (this.mode === "stream" && wait === "poll") this.#set("poll", now + RETRY_MS);
      if (this.mode === "long-poll" && changes === 0 && ms < HELD_MS) this.#set("poll", this.#retryAt);
    } else if (began && ms < SHORT_MS && ++this.#cuts >= CUTS) this.#fallBack(now);
  }

  /** The answer was held back until we gave up. */
  heldBack(now: number): void {
    this.#fallBack(now);
  }

  #fallBack(now: number): void {
    this.#set(this.mode === "stream" ? "long-poll" : "poll", now + this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  #set(mode: Mode, retryAt: number): void {
    this.mode = mode;
    this.#cuts = 0;
    this.#retryAt = retryAt;
  }
}
