import { type Op, OpCode } from "../arrow/change";
import { FrameError } from "../arrow/frame-error";
import { Column } from "./column";
import type { Host } from "./types";

/** All columns of one document: model id → column name → column. */
export class ColumnStore {
  #sources = new Map<string, Map<string, Column>>();

  constructor(private readonly host: Host) {}

  /** Apply the column op `ops[at]` of a change. After a FrameError or ChunkError, the store is invalid until clear(). */
  apply(ops: readonly Op[], at: number): void {
    const op = ops[at]!;
    const columns = this.#sources.get(op.model);
    const column = columns?.get(op.column);
    switch (op.code) {
      case OpCode.APPEND:
        if (column) return column.append(op);
        break;
      case OpCode.WRITE:
        if (!column) throw new FrameError(`there is no column ${op.column} of ${op.model} to write to`);
        return column.write(op);
      case OpCode.REMOVE:
        columns?.delete(op.column);
        return;
      case OpCode.REPLACE:
      case OpCode.RAMP:
        break;
      default:
        throw new FrameError(`unknown op ${op.code}`);
    }
    const created = new Column(op, this.host, rowsToCome(ops, at), column);
    if (columns) columns.set(op.column, created);
    else this.#sources.set(op.model, new Map([[op.column, created]]));
  }

  clear(): void {
    this.#sources.clear();
  }

  has(model: string): boolean {
    return this.#sources.has(model);
  }

  columns(model: string): ReadonlyMap<string, Column> {
    return this.#sources.get(model) ?? new Map();
  }

  /** Remove the columns of other models. */
  keep(isPresent: (model: string) => boolean): void {
    for (const model of this.#sources.keys()) if (!isPresent(model)) this.#sources.delete(model);
  }
}

/** How many rows the next ops append to the column of `ops[at]`, to allocate its memory once: long columns have several ops. */
function rowsToCome(ops: readonly Op[], at: number): number {
  const { model, column } = ops[at]!;
  let rows = 0;
  for (let i = at + 1; i < ops.length; i++) {
    const next = ops[i]!;
    if (next.code !== OpCode.APPEND || next.column !== column || next.model !== model) break;
    rows += next.count;
  }
  return rows;
}
