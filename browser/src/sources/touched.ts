import { type Op, OpCode } from "../arrow/change";

/** Above this many written rows, listeners are told "anything" instead of each row. */
const MAX_INDICES = 1000;

/** What column ops did to one source since BokehJS was told. */
export class Touched {
  /** The place of the last of them among all that BokehJS is to be told. */
  at = 0;
  readonly columns = new Set<string>();
  readonly removed = new Set<string>();
  #replaced = false;
  #appended = false;
  #rows: Set<number> | null = new Set();

  constructor(readonly model: string) {}

  note(op: Op, isNew: boolean, at: number): void {
    this.at = at;
    if (op.code === OpCode.REMOVE) {
      this.columns.delete(op.column);
      this.removed.add(op.column);
      return;
    }
    this.columns.add(op.column);
    this.removed.delete(op.column);
    if (op.code === OpCode.APPEND && !isNew) this.#appended = true;
    else if (op.code === OpCode.WRITE) this.#wrote(op.start, op.count);
    else this.#replaced = true;
  }

  /** Which of Bokeh's signals tells it: that of `source.data = …`, of `stream()` or of `patch()`. */
  get signal(): "data" | "streaming" | "patching" {
    if (this.#replaced || this.removed.size > 0) return "data";
    return this.#appended ? "streaming" : "patching";
  }

  /** The rows that WRITEs touched; undefined if they are too many to tell. */
  get indices(): number[] | undefined {
    return this.#rows ? [...this.#rows].sort((a, b) => a - b) : undefined;
  }

  #wrote(start: number, count: number): void {
    if (!this.#rows || this.#rows.size + count > MAX_INDICES) this.#rows = null;
    else for (let row = start; row < start + count; row++) this.#rows.add(row);
  }
}
