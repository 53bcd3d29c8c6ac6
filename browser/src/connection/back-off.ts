/** Exponential back-off with full jitter: thousands of pages must not come back in the same moment. */
export class BackOff {
  failures = 0;

  constructor(private readonly firstMs: number, private readonly maxMs: number) {}

  /** How long to wait after one more failure. */
  next(): number {
    const ceiling = Math.min(this.maxMs, this.firstMs * 2 ** this.failures++);
    return Math.random() * ceiling;
  }

  reset(): void {
    this.failures = 0;
  }
}
