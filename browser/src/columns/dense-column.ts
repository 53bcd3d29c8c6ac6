import type { Op } from "../arrow/change";
import { BufferReader } from "./buffer-reader";
import { GrowingArray } from "./growing-array";
import { fillRamp } from "./ramp";
import { type ColumnValues, DTYPES, type Host, type Layout, type TypedArray } from "./types";

/** Numbers with a fixed number of values per row: arrays of any fixed shape, or lists of scalars. */
export class DenseColumn implements ColumnValues {
  rows = 0;
  readonly #values: GrowingArray;
  readonly #perRow: number;
  /** One byte per row; null if no row was None. */
  #valid: GrowingArray | null = null;

  constructor(private readonly layout: Layout, private readonly host: Host) {
    this.#perRow = layout.shape.reduce((product, size) => product * size, 1);
    this.#values = new GrowingArray(DTYPES[layout.dtype]!);
  }

  /** Remove all rows; reserve memory for `rows` rows. */
  restart(rows: number): void {
    this.rows = 0;
    this.#valid = null;
    this.#values.restart(rows * this.#perRow);
  }

  append(op: Op): void {
    const reader = new BufferReader(op, this.host.decode);
    const count = op.count * this.#perRow;
    const isFirst = this.rows === 0;
    this.#grow(op.count, reader.validity());
    if (op.ahead && isFirst) this.#values.adopt(reader.ahead(count * this.#values.bytesEach).buffer, count);
    else reader.values(this.#values.grow(count));
  }

  write(op: Op): void {
    const reader = new BufferReader(op, this.host.decode);
    const valid = reader.validity();
    if (valid) this.#nullable();
    if (this.#valid) {
      const part = this.#valid.view.subarray(op.start, op.start + op.count);
      valid ? part.set(valid) : part.fill(1);
    }
    reader.values(this.#values.view.subarray(op.start * this.#perRow, (op.start + op.count) * this.#perRow));
  }

  /** Append start + i * step. */
  ramp(start: number, step: number, count: number): void {
    this.#grow(count, null);
    fillRamp(this.#values.grow(count), start, step);
  }

  /** Give away the spare memory; null if there is none. */
  lend(): ArrayBuffer | null {
    return this.#values.lend();
  }

  drop(rows: number): void {
    this.rows -= rows;
    this.#values.drop(rows * this.#perRow);
    this.#valid?.drop(rows);
  }

  value(): unknown {
    const { dtype, shape, list } = this.layout;
    if (list === 0 && !this.#valid) return this.host.ndarray(this.#values.share(), dtype, [this.rows, ...shape]);
    return scalars(this.#values.view, dtype, this.#valid?.view);
  }

  #grow(count: number, valid: Uint8Array | null): void {
    if (valid) this.#nullable();
    if (this.#valid) {
      const part = this.#valid.grow(count);
      valid ? part.set(valid) : part.fill(1);
    }
    this.rows += count;
  }

  #nullable(): void {
    if (this.#valid) return;
    this.#valid = new GrowingArray(Uint8Array);
    this.#valid.grow(this.rows).fill(1);
  }
}

/** As a JS Array, so that scripts of the document can push to it. */
function scalars(values: TypedArray, dtype: string, valid?: TypedArray): unknown[] {
  const list = new Array<unknown>(values.length);
  const isBool = dtype === "bool";
  for (let i = 0; i < list.length; i++) {
    list[i] = valid && !valid[i] ? null : isBool ? values[i] === 1 : values[i];
  }
  return list;
}
