/** Calls `bite` when it has not been fed for as long as it was told. Feeding costs next to nothing. */
export class Watchdog {
  #fed = performance.now();
  #timer: ReturnType<typeof setTimeout>;

  constructor(private ms: number, private readonly bite: () => void) {
    this.#timer = setTimeout(this.#look, ms);
  }

  /** Not before `ms` from now. */
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
