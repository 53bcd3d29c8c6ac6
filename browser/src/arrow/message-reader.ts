import { ByteQueue } from "./byte-queue";
import { FrameError } from "./frame-error";
import { messageHeader } from "./message-header";

const MAX_METADATA = 16 << 20;
const MAX_BODY = 0x7fffffff;
const SCHEMA = 1;
const RECORD_BATCH = 3;

/**
 * Cut an Arrow IPC stream, fed in any pieces, into its messages. One for each response.
 *
 *   each message:   FFFFFFFF | i32 metadata length | metadata | body       (both lengths multiples of 8)
 *   end of stream:  FFFFFFFF | 00000000
 *
 * A message is copied once, into a buffer of its own: aligned, as the Arrow views over it need.
 */
export class MessageReader {
  #queue = new ByteQueue();
  #prefix = new Uint8Array(8);
  #metadata: Uint8Array | null = null;
  #message: Uint8Array | null = null;
  /** The schema message; null until it came. */
  schema: Uint8Array | null = null;
  /** Whether the end marker came: a stream without it was cut. */
  ended = false;

  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  /** The next record batch message, whole, or null if it is not all here yet. */
  next(): Uint8Array | null {
    while (!this.ended) {
      if (!this.#metadata && !this.#readPrefix()) return null;
      if (!this.#message && !this.#readMetadata()) return null;
      const message = this.#readBody();
      if (!message) return null;
      if (message.kind === SCHEMA && !this.schema) this.schema = message.bytes;
      else if (message.kind === RECORD_BATCH && this.schema) return message.bytes;
      else throw new FrameError(`a message of kind ${message.kind} was not expected here`);
    }
    return null;
  }

  #readPrefix(): boolean {
    if (this.#queue.length < 8) return false;
    this.#queue.take(this.#prefix);
    const view = new DataView(this.#prefix.buffer);
    const length = view.getInt32(4, true);
    if (view.getUint32(0, true) !== 0xffffffff) throw new FrameError("this is not an Arrow stream");
    if (length === 0) {
      this.ended = true;
      return false;
    }
    if (length < 0 || length > MAX_METADATA || length % 8 !== 0) {
      throw new FrameError(`a message claims ${length} bytes of metadata`);
    }
    this.#metadata = new Uint8Array(length);
    return true;
  }

  #kind = 0;
  #done = 0;

  #readMetadata(): boolean {
    const metadata = this.#metadata!;
    if (this.#queue.length < metadata.length) return false;
    this.#queue.take(metadata);
    const { kind, bodyLength } = messageHeader(metadata);
    if (bodyLength < 0 || bodyLength > MAX_BODY) throw new FrameError(`a message claims a body of ${bodyLength} bytes`);
    this.#kind = kind;
    this.#done = 8 + metadata.length;
    this.#message = new Uint8Array(this.#done + bodyLength);
    this.#message.set(this.#prefix);
    this.#message.set(metadata, 8);
    return true;
  }

  #readBody(): { kind: number; bytes: Uint8Array } | null {
    const bytes = this.#message!;
    const part = Math.min(this.#queue.length, bytes.length - this.#done);
    this.#queue.take(bytes.subarray(this.#done, this.#done + part));
    this.#done += part;
    if (this.#done < bytes.length) return null;
    this.#metadata = this.#message = null;
    return { kind: this.#kind, bytes };
  }
}
