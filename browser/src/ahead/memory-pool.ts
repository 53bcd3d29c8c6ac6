/** Fresh memory is slow: each of its pages is given by the system when it is touched first. */
const SMALL = 256 << 10;
const GRAIN = 1 << 20;
const KEPT = 6;

/** Memory for large messages, used again and again. */
export class MemoryPool {
  #free: ArrayBuffer[] = [];

  /** So many bytes, or more. */
  take(bytes: number): ArrayBuffer {
    if (bytes < SMALL) return new ArrayBuffer(bytes);
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    if (at >= 0) return this.#free.splice(at, 1)[0]!;
    return new ArrayBuffer(Math.ceil(bytes / GRAIN) * GRAIN);
  }

  give(memory: ArrayBuffer): void {
    if (memory.byteLength < SMALL) return;
    this.#free.push(memory);
    if (this.#free.length > KEPT) this.#free.shift();
  }
}
