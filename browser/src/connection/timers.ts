/** A sleep that can be cut short. */
export class Pause {
  #wake: (() => void) | null = null;

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

/** A timeout that is cheap to restart: calls `bite` after `ms` without feed(). */
export class Watchdog {
  #fed = performance.now();
  #timer: ReturnType<typeof setTimeout>;

  constructor(private ms: number, private readonly bite: () => void) {
    this.#timer = setTimeout(this.#look, ms);
  }

  /** Restart the timeout, with `ms` from now on. */
  feed(ms: number): void {
    this.#fed = performance.now();
    if (ms < this.ms) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#look, ms);
    }
    this.ms = ms;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look = (): void => {
    const left = this.#fed + this.ms - performance.now();
    if (left > 0) this.#timer = setTimeout(this.#look, left);
    else this.bite();
  };
}

/** After this long without a run, delays are short again. */
const CALM_MS = 10_000;

/** Runs a task once for all requests within a delay, which grows while requests keep coming. */
export class Gatherer {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due = Infinity;
  #ran = -Infinity;
  #ms: number;

  constructor(private readonly firstMs: number, private readonly maxMs: number, private readonly task: () => void) {
    this.#ms = firstMs;
  }

  /** Run after the present delay. */
  soon(): void {
    const now = performance.now();
    if (now - this.#ran > CALM_MS) this.#ms = this.firstMs;
    if (this.#schedule(now, this.#ms)) this.#ms = Math.min(this.#ms * 2, this.maxMs);
  }

  /** Run after the longest delay. */
  later(): void {
    this.#schedule(performance.now(), this.maxMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Returns false if an earlier run is scheduled. */
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
