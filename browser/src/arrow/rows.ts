import { decodeMessage } from "@uwdata/flechette/src/decode/message.js";
import { FrameError } from "./frame-error";
import type { Op } from "./op";
import { RegionReader } from "./region-reader";

/**
 * The rows of a record batch message. An empty batch, a heartbeat, has none.
 *
 * Flechette reads the metadata: how many rows, where in the body each region lies. The regions follow from the
 * schema, which was checked; columns are read in place, because building flechette's for a row or two takes longer
 * than all else that a small change needs.
 *
 *    0 validity  1 seq i64         10 validity  11 offsets 12 column     24 validity 25 offsets i32
 *    2 validity  3 offsets  4 doc  13 validity  14 base i64                26 validity 27 shape i32
 *    5 validity  6 op u8           15 validity  16 start i64             28 validity 29 offsets 30 json
 *    7 validity  8 offsets  9 model  17 validity  18 count i64           31 validity 32 offsets i32
 *                                  19 validity  20 drop i64                33 validity 34 offsets i64 35 buffers
 *                                  21 validity  22 offsets 23 dtype
 *
 * What is null has no meaning but "" or 0, which is what its place holds: validity need not be looked at.
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
