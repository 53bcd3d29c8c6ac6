/** Exponential back-off with full jitter, so that thousands of pages do not return at the same moment. */
export class BackOff {
  failures = 0;
  #failed = -Infinity;

  /** Starts again after `calmMs` without a failure. */
  constructor(private readonly firstMs: number, private readonly maxMs: number, private readonly calmMs = Infinity) {}

  /** Count a failure; returns how long to wait. */
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
