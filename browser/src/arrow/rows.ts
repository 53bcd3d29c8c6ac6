import { tableFromIPC } from "@uwdata/flechette";
import { FrameError } from "./frame-error";
import type { Op } from "./op";

const FIELDS = [
  "seq", "doc", "op", "model", "column", "base", "start", "count", "drop", "dtype", "shape", "json", "buffers",
];

/** The rows of a record batch message. An empty batch, a heartbeat, has none. */
export function rows(schema: Uint8Array, batch: Uint8Array): Op[] {
  const table = tableFromIPC([schema, batch]);
  if (table.names.join() !== FIELDS.join()) throw new FrameError(`unknown fields: ${table.names.join(", ")}`);
  const field = (name: string) => table.getChild(name);
  const [seq, doc, op, model, column] = ["seq", "doc", "op", "model", "column"].map(field);
  const [start, count, drop, dtype, shape] = ["start", "count", "drop", "dtype", "shape"].map(field);
  const [json, buffers] = ["json", "buffers"].map(field);
  return Array.from({ length: table.numRows }, (_, i) => ({
    seq: seq!.at(i),
    doc: doc!.at(i) ?? "",
    code: op!.at(i),
    model: model!.at(i) ?? "",
    column: column!.at(i) ?? "",
    start: start!.at(i) ?? 0,
    count: count!.at(i) ?? 0,
    drop: drop!.at(i) ?? 0,
    dtype: dtype!.at(i) ?? "",
    shape: Array.from((shape!.at(i) ?? []) as Iterable<number>),
    json: json!.at(i) ?? "",
    buffers: Array.from((buffers!.at(i) ?? []) as Iterable<Uint8Array>),
  }));
}
