import { type Op, OpCode } from "../arrow/change";

/** With more writes than this, all rows count as new. */
const MAX_WRITES = 1000;

/** What ops changed in one column. Row 0 is the first row before the changes. */
export class ColumnChanges {
  /** All rows are new. */
  isNew = false;
  /** How many rows were removed at the front. */
  dropped = 0;
  /** Overwritten rows [from, to); rows that are not there any more may be among them. */
  written: [number, number][] = [];

  /** `isNew`: there was no such column before. */
  add(op: Op, isNew = false): void {
    this.dropped += op.drop;
    if (op.code === OpCode.WRITE) this.written.push([this.dropped + op.start, this.dropped + op.start + op.count]);
    if (isNew || (op.code !== OpCode.APPEND && op.code !== OpCode.WRITE) || this.written.length > MAX_WRITES) {
      this.isNew = true;
      this.written = [];
    }
  }
}
