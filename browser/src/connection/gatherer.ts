/** After so long without a run the waits are short again. */
const CALM_MS = 10_000;

/** Runs a task soon after it is asked for, once for all who ask meanwhile; less soon while it is asked for again and again. */
export class Gatherer {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;
  #ran = -Infinity;
  #ms: number;

  constructor(private readonly firstMs: number, private readonly maxMs: number, private readonly task: () => void) {
    this.#ms = firstMs;
  }

  soon(): void {
    const now = performance.now();
    if (now - this.#ran > CALM_MS) this.#ms = this.firstMs;
    if (this.#schedule(now, this.#ms)) this.#ms = Math.min(this.#ms * 2, this.maxMs);
  }

  /** When there is time. */
  later(): void {
    this.#schedule(performance.now(), this.maxMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Returns false if it runs sooner anyway. */
  #schedule(now: number, ms: number): boolean {
    if (now + ms >= this.#due) return false;
    this.#due = now + ms;
    this.stop();
    this.#timer = setTimeout(() => {
      this.#due = Infinity;
      this.#ran = performance.now();
      this.task();
    }, ms);
    return true;
  }
}
