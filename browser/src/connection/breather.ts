/** A quarter of a frame: then all else gets its turn. A large read that has begun may take as long again. */
const ENOUGH_MS = 4;
/** What took longer than this was waited for: the page had its turn meanwhile. */
const WAITED_MS = 1;

/**
 * Lets the page have its turn. Bytes that come as fast as they are read would all be read in one task: waiting
 * for what is there already is no pause.
 */
export class Breather {
  #since = 0;
  #looked = 0;
  readonly #channel = new MessageChannel();

  /** When each wait begins. */
  look(): void {
    this.#looked = performance.now();
  }

  /** When it has ended: null, or a pause that is due now. */
  pause(): Promise<void> | null {
    const now = performance.now();
    if (now - this.#looked > WAITED_MS) this.#since = now;
    if (now - this.#since < ENOUGH_MS) return null;
    return new Promise((resolve) => {
      this.#channel.port1.onmessage = () => {
        this.#since = performance.now();
        resolve();
      };
      this.#channel.port2.postMessage(null);
    });
  }

  close(): void {
    this.#channel.port1.close();
  }
}
