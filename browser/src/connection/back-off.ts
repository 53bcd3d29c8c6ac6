/** Exponential back-off with full jitter: thousands of pages must not come back in the same moment. */
export class BackOff {
  failures = 0;
  #failed = -Infinity;

  /** After `calmMs` without one, a failure is a new one. */
  constructor(private readonly firstMs: number, private readonly maxMs: number, private readonly calmMs = Infinity) {}

  /** How long to wait after one more failure. */
  next(): number {
    const now = performance.now();
    if (now - this.#failed > this.calmMs) this.reset();
    this.#failed = now;
    const ceiling = Math.min(this.maxMs, this.firstMs * 2 ** this.failures++);
    return Math.random() * ceiling;
  }

  reset(): void {
    this.failures = 0;
  }
}
