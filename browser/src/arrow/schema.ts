import { type DataType, decodeMessage } from "@uwdata/flechette/src/decode/message.js";
import { FrameError } from "./frame-error";

/**
 * Wire format v1: names and flechette's types: 2 integer (and its bits), 5 utf8, 12 list, 19 large binary.
 * rows.ts reads by these positions.
 */
const FIELDS = "seq 2/64, doc 5, op 2/8, model 5, column 5, base 2/64, start 2/64, count 2/64, drop 2/64, " +
  "dtype 5, shape 12 of 2/32, json 5, buffers 12 of 19";

/** Throws FrameError unless the schema message is that of wire format v1. */
export function checkSchema(message: Uint8Array): void {
  const found = decodeMessage(message, 0).content.fields.map(({ name, type }) => `${name} ${told(type)}`).join(", ");
  if (found !== FIELDS) throw new FrameError(`unknown fields: ${found}`);
}

function told({ typeId, bitWidth, children }: DataType): string {
  return `${typeId}${bitWidth ? `/${bitWidth}` : ""}${children ? ` of ${children.map(({ type }) => told(type))}` : ""}`;
}
