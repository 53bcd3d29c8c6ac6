import { FrameError } from "./frame-error";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
/** Texts this short are put together faster than a TextDecoder is asked. */
const SHORT = 32;

/** Values in the regions of a record batch's body. Reads outside of a region throw FrameError. */
export class RegionReader {
  readonly #view: DataView;

  constructor(
    private readonly body: Uint8Array,
    private readonly regions: readonly { offset: number; length: number }[],
  ) {
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
    for (const { offset, length } of regions) {
      if (offset < 0 || length < 0 || !(offset + length <= body.length)) throw new FrameError("a region lies outside");
    }
  }

  uint8(region: number, i: number): number {
    return this.#view.getUint8(this.#at(region, i, 1));
  }

  int32(region: number, i: number): number {
    return this.#view.getInt32(this.#at(region, i, 4), true);
  }

  /** Exact up to 2 ** 53. */
  int64(region: number, i: number): number {
    const at = this.#at(region, i, 8);
    return this.#view.getInt32(at + 4, true) * 4294967296 + this.#view.getUint32(at, true);
  }

  /** Text `i`; its region has the offsets, the one after it the bytes. */
  text(region: number, i: number): string {
    const bytes = this.bytes(region + 1, this.int32(region, i), this.int32(region, i + 1));
    if (bytes.length > SHORT) return utf8.decode(bytes);
    let text = "";
    for (let k = 0; k < bytes.length; k++) {
      const code = bytes[k]!;
      if (code > 127) return utf8.decode(bytes);
      text += String.fromCharCode(code);
    }
    return text;
  }

  bytes(region: number, from: number, to: number): Uint8Array {
    const { offset, length } = this.regions[region]!;
    if (!(from >= 0 && from <= to && to <= length)) throw new FrameError("an offset lies outside");
    return this.body.subarray(offset + from, offset + to);
  }

  #at(region: number, i: number, size: number): number {
    const { offset, length } = this.regions[region]!;
    if (!(i >= 0 && (i + 1) * size <= length)) throw new FrameError("a row lies outside");
    return offset + i * size;
  }
}
