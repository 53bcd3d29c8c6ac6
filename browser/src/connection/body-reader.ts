/** The bytes of a response's body, read into memory that its reader offers. */
export interface BodyReader {
  /**
   * Wait for some bytes and put them at the start of `space`; null at the end. The memory of `space` may be moved
   * to another ArrayBuffer, that of the answer.
   */
  read(space: Uint8Array): Promise<Uint8Array | null>;
}

/** Without a copy of the browser's where it can (BYOB); twice as fast there as its own pieces. */
export function bodyReader(body: ReadableStream<Uint8Array>): BodyReader {
  try {
    return new DirectReader(body.getReader({ mode: "byob" }));
  } catch {
    return new CopyingReader(body.getReader());
  }
}

class DirectReader implements BodyReader {
  constructor(private readonly reader: ReadableStreamBYOBReader) {}

  async read(space: Uint8Array): Promise<Uint8Array | null> {
    const { done, value } = await this.reader.read(space as Uint8Array<ArrayBuffer>);
    return done ? null : value;
  }
}

class CopyingReader implements BodyReader {
  #rest = new Uint8Array(0);

  constructor(private readonly reader: ReadableStreamDefaultReader<Uint8Array>) {}

  async read(space: Uint8Array): Promise<Uint8Array | null> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.reader.read();
      if (done) return null;
      this.#rest = value as Uint8Array<ArrayBuffer>;
    }
    const part = this.#rest.subarray(0, space.length);
    space.set(part);
    this.#rest = this.#rest.subarray(part.length);
    return space.subarray(0, part.length);
  }
}

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
