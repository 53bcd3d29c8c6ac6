import { FrameError } from "./frame-error";

export interface MessageHeader {
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
export function messageHeader(metadata: Uint8Array): MessageHeader {
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
