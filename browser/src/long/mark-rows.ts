import type { Numbers } from "./pyramid";
import type { PixelColumns } from "./pixel-columns";
import type { RowList } from "./row-list";

/** Marks that reach so many device pixels are all drawn. */
const FAR = 1000;

/** Marks at points: which of them can be told apart. */
export interface Marks {
  /** How far a mark reaches, in device pixels. */
  readonly reach: number;
  /** So many rows in the frame are all drawn. */
  readonly fewest: number;
  /** How many marks one above the other look different from one more. */
  readonly deep: number;
  /** Sizes of the rows, if they differ: a small mark does not hide a large one. */
  readonly sizes: ArrayLike<number> | null;
}

/** The coordinate across the sorted one. */
export interface Across {
  readonly values: Numbers;
  readonly pixels: PixelColumns;
}

/** Marks of the frame, of which those that others in the same pixel hide are left out. */
export class MarkRows {
  #cells = new Uint8Array(0);
  #largest = new Float32Array(0);

  /** Add the rows that are drawn, and for which `isWanted`. Returns whether none was left out. */
  add(
    into: RowList, columns: PixelColumns, sorted: Numbers, across: Across | null, marks: Marks,
    isWanted: ((row: number) => boolean) | null,
  ): boolean {
    const { reach, fewest, deep, sizes } = marks;
    const [a, b] = columns.rowsIn(sorted, reach);
    if (reach > FAR || b - a <= fewest) {
      for (let row = a; row < b; row++) if (!isWanted || isWanted(row)) into.push(row);
      return true;
    }
    const left = columns.first - reach, bottom = across ? across.pixels.first - reach : 0;
    const height = across ? across.pixels.count + 2 * reach : 1;
    const count = (columns.count + 2 * reach) * height;
    if (this.#cells.length < count) this.#cells = new Uint8Array(count);
    else this.#cells.fill(0, 0, count);
    if (sizes && this.#largest.length < count) this.#largest = new Float32Array(count);
    const cells = this.#cells, largest = this.#largest;
    const start = into.length;
    // The last is drawn above the others.
    for (let row = b - 1; row >= a; row--) {
      const up = across ? across.pixels.of(across.values[row]!) - bottom : 0;
      if (!(up >= 0 && up < height) || (isWanted && !isWanted(row))) continue;
      const cell = (columns.of(sorted[row]!) - left) * height + up;
      const seen = cells[cell]!;
      if (sizes) {
        if (seen >= deep && sizes[row]! <= largest[cell]!) continue;
        largest[cell] = seen === 0 ? sizes[row]! : Math.max(largest[cell]!, sizes[row]!);
      } else if (seen >= deep) continue;
      if (seen < deep) cells[cell] = seen + 1;
      into.push(row);
    }
    into.reverse(start);
    return false;
  }
}
