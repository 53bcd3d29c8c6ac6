import { type Op, OpCode } from "../arrow/op";

/** How many rows the ops after `ops[at]` append to its column: a long one comes in several, and gets its memory at once. */
export function rowsToCome(ops: readonly Op[], at: number): number {
  const { model, column } = ops[at]!;
  let rows = 0;
  for (let i = at + 1; i < ops.length; i++) {
    const next = ops[i]!;
    if (next.code !== OpCode.APPEND || next.column !== column || next.model !== model) break;
    rows += next.count;
  }
  return rows;
}
