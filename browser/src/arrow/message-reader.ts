import { FrameError } from "./frame-error";

const MAX_METADATA = 16 << 20;
const MAX_BODY = 0x7fffffff;
const PREFIX = 8;
const SCHEMA = 1;
const RECORD_BATCH = 3;

/** Room for what is read ahead: a small change and its COMMIT come in one go. */
const SPARE = 256 << 10;
/** A message that lacks so much is read straight into its place; it takes a read of its own. */
const DIRECT = 64 << 10;

/**
 * Cut an Arrow IPC stream into its messages. One for each response.
 *
 *   each message:   FFFFFFFF | i32 metadata length | metadata | body       (both lengths multiples of 8)
 *   end of stream:  FFFFFFFF | 00000000
 *
 * The bytes are read into memory that this offers: `space()` says where, `filled()` takes what came. Messages that
 * fit are left there and are good until the next space(), because a browser moves the memory that it reads into;
 * a longer one gets memory of its own, into which all is read but what came with its head.
 */
export class MessageReader {
  #spare = new Uint8Array(SPARE);
  /** What of the spare room is yet to be read: [from, to). */
  #from = 0;
  #to = 0;
  /** The size of the message that has begun; 0 before its metadata are here. */
  #size = 0;
  #kind = 0;
  /** Of a message that does not fit: its memory, and how much of it is done. */
  #message: Uint8Array | null = null;
  #done = 0;
  #direct = false;
  /** The schema message; null until it came. */
  schema: Uint8Array | null = null;
  /** Whether the end marker came: a stream without it was cut. */
  ended = false;

  /** `memory` gives what a message is put into: so many bytes, or more. */
  constructor(private readonly memory = (bytes: number) => new ArrayBuffer(bytes)) {}

  /** Where to put the next bytes, from its start; never empty. */
  space(): Uint8Array {
    this.#direct = this.#message !== null && this.#size - this.#done >= DIRECT;
    if (this.#direct) return this.#message!.subarray(this.#done);
    this.#spare.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    if (this.#to === this.#spare.length) this.#widen();
    return this.#spare.subarray(this.#to);
  }

  /** `bytes` came into space(). Reading moves memory to another ArrayBuffer: from now on it is that of `bytes`. */
  filled(bytes: Uint8Array): void {
    const memory = bytes.buffer as ArrayBuffer;
    if (this.#direct) {
      this.#message = new Uint8Array(memory, 0, this.#size);
      this.#done += bytes.length;
    } else {
      this.#spare = new Uint8Array(memory);
      this.#to += bytes.length;
    }
  }

  /** The next record batch message, whole, or null if it is not all here yet. */
  next(): Uint8Array | null {
    while (!this.ended) {
      if (this.#size === 0 && !this.#begin()) return null;
      const bytes = this.#message ? this.#filledUp() : this.#inPlace();
      if (!bytes) return null;
      this.#size = 0;
      if (this.#kind === SCHEMA && !this.schema) this.schema = bytes.slice();
      else if (this.#kind === RECORD_BATCH && this.schema) return bytes;
      else throw new FrameError(`a message of kind ${this.#kind} was not expected here`);
    }
    return null;
  }

  /** Whether a message that next() gave is good until the next space() only. */
  isLoose(message: Uint8Array): boolean {
    return message.buffer === this.#spare.buffer;
  }

  /** Metadata longer than the spare room: it must be whole before the length of the body is known. */
  #widen(): void {
    const wider = new Uint8Array(this.#spare.length * 2);
    wider.set(this.#spare);
    this.#spare = wider;
  }

  #begin(): boolean {
    const have = this.#to - this.#from;
    if (have < PREFIX) return false;
    const view = new DataView(this.#spare.buffer, this.#from);
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
    const { kind, bodyLength } = messageHeader(this.#spare.subarray(this.#from + PREFIX, this.#from + head));
    if (bodyLength < 0 || bodyLength > MAX_BODY) throw new FrameError(`a message claims a body of ${bodyLength} bytes`);
    this.#kind = kind;
    this.#size = head + bodyLength;
    this.#done = 0;
    if (this.#size > this.#spare.length) this.#message = new Uint8Array(this.memory(this.#size), 0, this.#size);
    return true;
  }

  #inPlace(): Uint8Array | null {
    if (this.#to - this.#from < this.#size) return null;
    return this.#spare.subarray(this.#from, (this.#from += this.#size));
  }

  #filledUp(): Uint8Array | null {
    const bytes = this.#message!;
    const part = Math.min(this.#to - this.#from, this.#size - this.#done);
    bytes.set(this.#spare.subarray(this.#from, this.#from + part), this.#done);
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
 * The two fields of an Arrow Message that framing needs.
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
    throw new FrameError("the metadata of a message points outside of itself");
  }
}
