import { type Op, OpCode } from "../arrow/change";
import { ColumnChanges } from "../long/column-changes";

/** With more written rows than this, the signal does not list them. */
const MAX_INDICES = 1000;

/** What column ops changed in one source since BokehJS was last notified. */
export class SourceChanges {
  /** Position of the last op among all queued patches and ops. */
  position = 0;
  readonly columns = new Set<string>();
  readonly removed = new Set<string>();
  /** By column. */
  readonly details = new Map<string, ColumnChanges>();
  #replaced = false;
  #appended = false;
  #rows: Set<number> | null = new Set();

  constructor(readonly model: string) {}

  add(op: Op, isNew: boolean, position: number): void {
    this.position = position;
    if (op.code === OpCode.REMOVE) {
      this.columns.delete(op.column);
      this.removed.add(op.column);
      return;
    }
    let details = this.details.get(op.column);
    if (!details) this.details.set(op.column, (details = new ColumnChanges()));
    details.add(op, isNew);
    this.columns.add(op.column);
    this.removed.delete(op.column);
    if (op.code === OpCode.APPEND && !isNew) this.#appended = true;
    else if (op.code === OpCode.WRITE) this.#addRows(op.start, op.count);
    else this.#replaced = true;
  }

  /** The signal that describes the changes: that of `source.data = …`, of `stream()` or of `patch()`. */
  get signal(): "data" | "streaming" | "patching" {
    if (this.#replaced || this.removed.size > 0) return "data";
    return this.#appended ? "streaming" : "patching";
  }

  /** The rows that WRITE ops changed; undefined if there are more than MAX_INDICES. */
  get indices(): number[] | undefined {
    return this.#rows ? [...this.#rows].sort((a, b) => a - b) : undefined;
  }

  #addRows(start: number, count: number): void {
    if (!this.#rows || this.#rows.size + count > MAX_INDICES) this.#rows = null;
    else for (let row = start; row < start + count; row++) this.#rows.add(row);
  }
}
