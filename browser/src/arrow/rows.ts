import { type DataType, decodeMessage } from "@uwdata/flechette/src/decode/message.js";
import type { Op } from "./change";
import { FrameError } from "./frame-error";

/**
 * Schema of wire format v1: names, and types as in flechette: 2 integer (/bits), 5 utf8, 12 list, 19 large binary.
 * rows() reads fields by position.
 */
const FIELDS = "seq 2/64, doc 5, op 2/8, model 5, column 5, base 2/64, start 2/64, count 2/64, drop 2/64, " +
  "dtype 5, shape 12 of 2/32, json 5, buffers 12 of 19";

/** Throws FrameError unless the schema message is that of wire format v1. */
export function checkSchema(message: Uint8Array): void {
  const fields = decodeMessage(message, 0).content.fields.map(({ name, type }) => `${name} ${typeName(type)}`).join(", ");
  if (fields !== FIELDS) throw new FrameError(`unknown fields: ${fields}`);
}

function typeName({ typeId, bitWidth, children }: DataType): string {
  return `${typeId}${bitWidth ? `/${bitWidth}` : ""}${children ? ` of ${children.map(({ type }) => typeName(type))}` : ""}`;
}

/**
 * Read the rows of a record batch message. A heartbeat is a batch without rows.
 *
 * Flechette reads the metadata: the number of rows and the regions of the body. Their order follows from the checked
 * schema. Columns are read in place: building flechette's columns for one or two rows takes longer than everything else.
 *
 *    0 validity  1 seq i64         10 validity  11 offsets 12 column     24 validity 25 offsets i32
 *    2 validity  3 offsets  4 doc  13 validity  14 base i64                26 validity 27 shape i32
 *    5 validity  6 op u8           15 validity  16 start i64             28 validity 29 offsets 30 json
 *    7 validity  8 offsets  9 model  17 validity  18 count i64           31 validity 32 offsets i32
 *                                  19 validity  20 drop i64                33 validity 34 offsets i64 35 buffers
 *                                  21 validity  22 offsets 23 dtype
 *
 * Null means "" or 0, which is also its stored value: validity is not read.
 */
export function rows(batch: Uint8Array): Op[] {
  const { content } = decodeMessage(batch, 0);
  const { length, regions, compression, body } = content;
  if (regions.length !== 36 || compression) throw new FrameError("a record batch of another layout");
  const read = new RegionReader(body, regions);
  const ops: Op[] = [];
  for (let i = 0; i < length; i++) {
    const shape: number[] = [];
    for (let j = read.int32(25, i), end = read.int32(25, i + 1); j < end; j++) shape.push(read.int32(27, j));
    const buffers: Uint8Array[] = [];
    for (let j = read.int32(32, i), end = read.int32(32, i + 1); j < end; j++) {
      buffers.push(read.bytes(35, read.int64(34, j), read.int64(34, j + 1)));
    }
    ops.push({
      seq: read.int64(1, i),
      doc: read.text(3, i),
      code: read.uint8(6, i),
      model: read.text(8, i),
      column: read.text(11, i),
      start: read.int64(16, i),
      count: read.int64(18, i),
      drop: read.int64(20, i),
      dtype: read.text(22, i),
      shape,
      json: read.text(29, i),
      buffers,
    });
  }
  return ops;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
/** Up to this length, building a text is faster than a TextDecoder. */
const SHORT = 32;

/** Reads values from the regions of a record batch's body. Throws FrameError outside of a region. */
class RegionReader {
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

  /** Text `i`: `region` has the offsets, the next region the bytes. */
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
