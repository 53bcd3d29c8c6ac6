import { type Op, OpCode } from "../arrow/change";
import { FrameError } from "../arrow/frame-error";
import { DenseColumn } from "./dense-column";
import { parseFloatHex } from "./ramp";
import { RowsColumn } from "./rows-column";
import { type ColumnValues, DTYPES, type Host, type Layout } from "./types";

/** One column of one source: its values, and their layout, which its first op sets. */
export class Column {
  readonly layout: Layout;
  readonly #values: ColumnValues;

  /**
   * Create a column from its first op: REPLACE, RAMP, or APPEND at row 0. `more` rows will follow. The memory of the
   * replaced column `before` may be reused.
   */
  constructor(op: Op, host: Host, more: number, before: Column | undefined) {
    const meta = JSON.parse(op.json || "{}") as { list?: number; start?: unknown; step?: unknown };
    this.layout = { dtype: op.dtype, shape: op.shape, list: meta.list ?? 0 };
    if (op.start !== 0 || op.drop !== 0) throw frameError(op, "it does not begin at row 0");
    if (!DTYPES[op.dtype] && op.dtype !== "utf8" && op.dtype !== "json") throw frameError(op, `unknown dtype ${op.dtype}`);
    const isRamp = op.code === OpCode.RAMP;
    if (isDense(this.layout)) {
      const dense = before?.dense(this.layout) ?? new DenseColumn(this.layout, host);
      dense.restart(op.ahead ? 0 : op.count + more);
      this.#values = dense;
      if (isRamp && op.shape.length > 0) throw frameError(op, "a ramp of no numbers");
      if (isRamp && !op.ahead) dense.ramp(parseFloatHex(meta.start), parseFloatHex(meta.step), op.count);
      else dense.append(op);
    } else {
      if (isRamp) throw frameError(op, "a ramp of no numbers");
      this.#values = new RowsColumn(this.layout, host);
      this.#values.append(op);
    }
  }

  /** The values, if they are dense and of this layout. */
  dense({ dtype, shape, list }: Layout): DenseColumn | null {
    const same = this.layout.dtype === dtype && this.layout.list === list && this.layout.shape.join() === shape.join();
    return same && this.#values instanceof DenseColumn ? this.#values : null;
  }

  /** Give away the spare memory; null if there is none. */
  lend(): ArrayBuffer | null {
    return this.#values instanceof DenseColumn ? this.#values.lend() : null;
  }

  get rows(): number {
    return this.#values.rows;
  }

  append(op: Op): void {
    this.#check(op);
    this.#values.drop(op.drop);
    if (op.start !== this.rows) throw frameError(op, `rows begin at ${op.start}, but the column ends at ${this.rows}`);
    this.#values.append(op);
  }

  write(op: Op): void {
    this.#check(op);
    this.#values.drop(op.drop);
    if (op.start + op.count > this.rows) throw frameError(op, `it has ${this.rows} rows only`);
    this.#values.write(op);
  }

  value(): unknown {
    return this.#values.value();
  }

  #check(op: Op): void {
    const { dtype, shape } = this.layout;
    if (op.dtype !== dtype || op.shape.join() !== shape.join()) throw frameError(op, "values of another type or shape");
    if (op.drop > this.rows || op.start < 0) throw frameError(op, `it has ${this.rows} rows only`);
  }
}

function isDense({ dtype, shape, list }: Layout): boolean {
  return DTYPES[dtype] !== undefined && (list === 0 ? !shape.includes(-1) : list === 1 && shape.length === 0);
}

function frameError(op: Op, what: string): FrameError {
  return new FrameError(`column ${op.column} of ${op.model}: ${what}`);
}
