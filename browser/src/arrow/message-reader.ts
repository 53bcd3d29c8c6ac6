import { FrameError } from "./frame-error";

const MAX_METADATA = 16 << 20;
const MAX_BODY = 0x7fffffff;
const PREFIX = 8;
const SCHEMA = 1;
const RECORD_BATCH = 3;

/** Size of the buffer: a small change and its COMMIT are read together. */
const BUFFER_BYTES = 256 << 10;
/** If a message lacks at least this many bytes, they are read directly into its memory. */
const DIRECT = 64 << 10;

/**
 * Splits an Arrow IPC stream into messages. One reader for each response.
 *
 *   each message:   FFFFFFFF | i32 metadata length | metadata | body       (both lengths multiples of 8)
 *   end of stream:  FFFFFFFF | 00000000
 *
 * The caller writes bytes to space() and reports them to filled(). Messages that fit stay in that buffer and are valid
 * until the next space(), because browsers move the memory they read into. A longer message gets its own memory, into
 * which everything after its head is read.
 */
export class MessageReader {
  #buffer = new Uint8Array(BUFFER_BYTES);
  /** Unread bytes in the buffer: [from, to). */
  #from = 0;
  #to = 0;
  /** Size of the current message; 0 before its metadata are complete. */
  #size = 0;
  #kind = 0;
  /** A message that does not fit: its memory, and the number of bytes read. */
  #message: Uint8Array | null = null;
  #done = 0;
  #direct = false;
  /** The schema message; null before it arrived. */
  schema: Uint8Array | null = null;
  /** Whether the end marker arrived: a stream without it was cut. */
  ended = false;

  /** `memory` allocates at least that many bytes for a message. */
  constructor(private readonly memory = (bytes: number) => new ArrayBuffer(bytes)) {}

  /** Memory for the next bytes; never empty. */
  space(): Uint8Array {
    this.#direct = this.#message !== null && this.#size - this.#done >= DIRECT;
    if (this.#direct) return this.#message!.subarray(this.#done);
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    if (this.#to === this.#buffer.length) this.#enlarge();
    return this.#buffer.subarray(this.#to);
  }

  /** `bytes` were written to space(), whose memory may have moved to their ArrayBuffer. */
  filled(bytes: Uint8Array): void {
    const memory = bytes.buffer as ArrayBuffer;
    if (this.#direct) {
      this.#message = new Uint8Array(memory, 0, this.#size);
      this.#done += bytes.length;
    } else {
      this.#buffer = new Uint8Array(memory);
      this.#to += bytes.length;
    }
  }

  /** The next record batch message; null if it is not complete yet. */
  next(): Uint8Array | null {
    while (!this.ended) {
      if (this.#size === 0 && !this.#begin()) return null;
      const bytes = this.#message ? this.#completed() : this.#inBuffer();
      if (!bytes) return null;
      this.#size = 0;
      if (this.#kind === SCHEMA && !this.schema) this.schema = bytes.slice();
      else if (this.#kind === RECORD_BATCH && this.schema) return bytes;
      else throw new FrameError(`a message of kind ${this.#kind} was not expected here`);
    }
    return null;
  }

  /** Whether a message of next() is valid only until the next space(). */
  isTransient(message: Uint8Array): boolean {
    return message.buffer === this.#buffer.buffer;
  }

  /** Enlarge the buffer for long metadata, which give the length of the body. */
  #enlarge(): void {
    const wider = new Uint8Array(this.#buffer.length * 2);
    wider.set(this.#buffer);
    this.#buffer = wider;
  }

  #begin(): boolean {
    const have = this.#to - this.#from;
    if (have < PREFIX) return false;
    const view = new DataView(this.#buffer.buffer, this.#from);
    const length = view.getInt32(4, true);
    if (view.getUint32(0, true) !== 0xffffffff) throw new FrameError("this is not an Arrow stream");
    if (length === 0) {
      this.ended = true;
      return false;
    }
    if (length < 0 || length > MAX_METADATA || length % 8 !== 0) {
      throw new FrameError(`a message claims ${length} bytes of metadata`);
    }
    const head = PREFIX + length;
    if (have < head) return false;
    const { kind, bodyLength } = messageHeader(this.#buffer.subarray(this.#from + PREFIX, this.#from + head));
    if (bodyLength < 0 || bodyLength > MAX_BODY) throw new FrameError(`a message claims a body of ${bodyLength} bytes`);
    this.#kind = kind;
    this.#size = head + bodyLength;
    this.#done = 0;
    if (this.#size > this.#buffer.length) this.#message = new Uint8Array(this.memory(this.#size), 0, this.#size);
    return true;
  }

  #inBuffer(): Uint8Array | null {
    if (this.#to - this.#from < this.#size) return null;
    return this.#buffer.subarray(this.#from, (this.#from += this.#size));
  }

  #completed(): Uint8Array | null {
    const bytes = this.#message!;
    const part = Math.min(this.#to - this.#from, this.#size - this.#done);
    bytes.set(this.#buffer.subarray(this.#from, this.#from + part), this.#done);
    this.#from += part;
    this.#done += part;
    if (this.#done < this.#size) return null;
    this.#message = null;
    return bytes;
  }
}

interface MessageHeader {
  /** 1 schema, 2 dictionary batch, 3 record batch. */
  kind: number;
  bodyLength: number;
}

/**
 * Read the two fields of an Arrow Message that framing needs.
 *
 * Flatbuffers layout of `metadata`:
 *   0: u32 offset of the table | table: i32 distance back to its vtable
 *   vtable: u16 own size, u16 table size, then a u16 offset into the table per field (0 or absent: default)
 *   fields: 0 version i16 | 1 header type u8 | 2 header | 3 bodyLength i64
 */
function messageHeader(metadata: Uint8Array): MessageHeader {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.length);
  try {
    const table = view.getUint32(0, true);
    const vtable = table - view.getInt32(table, true);
    const size = view.getUint16(vtable, true);
    const field = (index: number): number => {
      const entry = 4 + index * 2;
      const offset = entry < size ? view.getUint16(vtable + entry, true) : 0;
      return offset && table + offset;
    };
    const kind = field(1), body = field(3);
    return {
      kind: kind && view.getUint8(kind),
      bodyLength: body && Number(view.getBigInt64(body, true)),
    };
  } catch {
    throw new FrameError("the metadata of a message points outside of it");
  }
}
