import type { Op } from "../arrow/change";
import { FrameError } from "../arrow/frame-error";
import { type ChunkDecoder, unpackedSize } from "../chunks/chunk";
import { decimalsOf, fromIntegers } from "./decimals";
import { DTYPES, type TypedArray } from "./types";

const MAX_BYTES = 0x7fffffff;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads the buffers of an op with values, in their order on the wire:
 *
 *   validity (LSB bitmap of count bits; empty: all valid)
 *   offsets of each ragged level (entries + 1, from 0; int32, or int64 by their length)
 *   for texts: offsets of the strings in bytes
 *   data (values, or floats encoded as integers with `decimals`, or UTF-8 bytes)
 *
 * An op that was decoded ahead has only data, and no row is None.
 */
export class BufferReader {
  readonly #decimals: number | null;
  #next = 0;

  constructor(private readonly op: Op, private readonly decode: ChunkDecoder) {
    this.#decimals = op.ahead ? null : decimalsOf(op);
  }

  /** One byte per row, 1 if valid; null if all are valid. */
  validity(): Uint8Array | null {
    if (this.op.ahead) return null;
    const chunk = this.#chunk();
    if (chunk.length === 0) return null;
    const bits = this.#bytes(chunk, Math.ceil(this.op.count / 8));
    return Uint8Array.from({ length: this.op.count }, (_, i) => (bits[i >> 3]! >> (i & 7)) & 1);
  }

  /** `entries` + 1 ascending offsets, from 0. */
  offsets(entries: number): Int32Array | Float64Array {
    const chunk = this.#chunk();
    const size = unpackedSize(chunk);
    const wide = size === (entries + 1) * 8 && entries >= 0;
    const bytes = this.#bytes(chunk, (entries + 1) * (wide ? 8 : 4));
    const offsets = wide
      ? Float64Array.from(new BigInt64Array(bytes.buffer), Number)
      : new Int32Array(bytes.buffer);
    if (offsets[0] !== 0) throw this.#error("offsets do not start at 0");
    for (let i = 0; i < entries; i++) if (!(offsets[i]! <= offsets[i + 1]!)) throw this.#error("offsets descend");
    return offsets;
  }

  /** Decode the values, the last buffer, into `target`. */
  values(target: TypedArray): void {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    if (this.op.ahead) return bytes.set(this.ahead(bytes.length));
    const chunk = this.#chunk();
    if (this.#decimals !== null) {
      fromIntegers(this.decode, chunk, target as Float64Array | Float32Array, this.#decimals);
    } else if (chunk.length > 0 || target.length > 0) this.decode(chunk, bytes);
    this.#end();
  }

  /** The data that was decoded ahead; must be `length` bytes. */
  ahead(length: number): Uint8Array<ArrayBuffer> {
    const { bytes } = this.op.ahead!;
    if (bytes?.length !== length) throw this.#error("values of another length or type");
    return bytes;
  }

  /** Decode `count` strings, the last two buffers. */
  texts(count: number): string[] {
    const offsets = this.offsets(count);
    const bytes = this.#bytes(this.#chunk(), offsets[count]!);
    this.#end();
    const whole = utf8.decode(bytes);
    const ascii = whole.length === bytes.length;
    return Array.from({ length: count }, (_, i) =>
      ascii ? whole.slice(offsets[i], offsets[i + 1]) : utf8.decode(bytes.subarray(offsets[i], offsets[i + 1])));
  }

  /** An array for `count` values of the op's dtype. */
  empty(count: number): TypedArray {
    const kind = DTYPES[this.op.dtype];
    if (!kind) throw this.#error(`unknown dtype ${this.op.dtype}`);
    if (!(count * kind.BYTES_PER_ELEMENT <= MAX_BYTES)) throw this.#error("more values than a page can hold");
    return new kind(count);
  }

  #chunk(): Uint8Array {
    const chunk = this.op.buffers[this.#next++];
    if (!chunk) throw this.#error("a buffer is missing");
    return chunk;
  }

  #bytes(chunk: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
    if (!(length <= MAX_BYTES)) throw this.#error("a buffer is too large");
    const bytes = new Uint8Array(length);
    if (chunk.length > 0 || length > 0) this.decode(chunk, bytes);
    return bytes;
  }

  #end(): void {
    if (this.#next !== this.op.buffers.length) throw this.#error("there are more buffers than the type has");
  }

  #error(what: string): FrameError {
    return new FrameError(`column ${this.op.column} of ${this.op.model}: ${what}`);
  }
}
