/** Between rows: the line breaks here. */
export const BREAK = -1;

/** Row numbers that a view has, in the order in which they are drawn. */
export class RowList {
  #rows = new Int32Array(1024);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  push(row: number): void {
    if (this.length === this.#rows.length) {
      const more = new Int32Array(2 * this.length);
      more.set(this.#rows);
      this.#rows = more;
    }
    this.#rows[this.length++] = row;
  }

  /** Rows [from, to). */
  pushAll(from: number, to: number): void {
    for (let row = from; row < to; row++) this.push(row);
  }

  /** Draw the rows from position `start` on in the opposite order. */
  reverse(start: number): void {
    this.#rows.subarray(start, this.length).reverse();
  }

  /** Valid until the next change. */
  get rows(): Int32Array {
    return this.#rows.subarray(0, this.length);
  }

  /** Values of a column at these rows; NaN at breaks. */
  pick(values: ArrayLike<number>): Float64Array {
    const { length } = this;
    const rows = this.#rows;
    const picked = new Float64Array(length);
    for (let i = 0; i < length; i++) picked[i] = rows[i]! < 0 ? NaN : values[rows[i]!]!;
    return picked;
  }
}
