import type { Numbers } from "./pyramid";
import type { PixelColumns } from "./pixel-columns";
import type { RowList } from "./row-list";

/** Marks that reach so many device pixels are all drawn. */
const FAR = 1000;
const MOST_COUNTED = 0xffff;
/** In larger cells, marks are hidden by others that are not so much smaller. */
const LARGER = 1.25;

/** Marks at points: which of them can be told apart. */
export interface Marks {
  /** How far a mark reaches, in device pixels. */
  readonly reach: number;
  /** So many rows in the frame are all drawn. */
  readonly fewest: number;
  /** Cells are made larger until there are no more marks than this, … */
  readonly most: number;
  /** … at most so many times. */
  readonly doublings: number;
  /** So many marks of a cell are drawn. */
  readonly deep: number;
  /** Sizes of the rows, if they differ: a small mark does not hide a large one. */
  readonly sizes: ArrayLike<number> | null;
}

/** The coordinate across the sorted one. */
export interface Across {
  readonly values: Numbers;
  readonly pixels: PixelColumns;
}

/** The rows that are looked at. */
interface Wanted {
  readonly from: number;
  readonly to: number;
  isWanted: ((row: number) => boolean) | null;
  /** The cell that a row is in; NaN if it is outside of the frame. */
  cellOf(row: number): number;
  /** How much larger a mark is that others do not hide. */
  readonly larger: number;
}

// Of the cells, for one view at a time: marks seen in them, and the largest size.
let counts = new Uint16Array(0);
let largest = new Float32Array(0);

function clear(cells: number, areSized: boolean): void {
  if (counts.length < cells) counts = new Uint16Array(cells);
  else counts.fill(0, 0, cells);
  if (areSized && largest.length < cells) largest = new Float32Array(cells);
}

/** Marks of the frame, of which those that others in the same cell hide are left out. A cell is a pixel of the columns, or several. */
export class MarkRows {
  /** For how many each of the rows added last stands; null if all rows were added. */
  layers: Uint16Array | null = null;

  /** Add the rows that are drawn, and for which `isWanted`. Returns whether cells have the size of a pixel. */
  add(
    into: RowList, columns: PixelColumns, sorted: Numbers, across: Across | null, marks: Marks,
    isWanted: ((row: number) => boolean) | null,
  ): boolean {
    const { reach, fewest, most, doublings } = marks;
    const [from, to] = columns.rowsIn(sorted, reach);
    this.layers = null;
    if (reach > FAR || to - from <= fewest) {
      for (let row = from; row < to; row++) if (!isWanted || isWanted(row)) into.push(row);
      return true;
    }
    const left = columns.first - reach, bottom = across ? across.pixels.first - reach : 0;
    const width = columns.count + 2 * reach, height = across ? across.pixels.count + 2 * reach : 1;
    const start = into.length;
    for (let level = 0; ; level++) {
      const rowsOfCells = ((height - 1) >> level) + 1;
      const cellOf = (row: number): number => {
        const up = across ? across.pixels.of(across.values[row]!) - bottom : 0;
        return up >= 0 && up < height ? ((columns.of(sorted[row]!) - left) >> level) * rowsOfCells + (up >> level) : NaN;
      };
      clear((((width - 1) >> level) + 1) * rowsOfCells, marks.sizes !== null);
      const rows: Wanted = { from, to, isWanted, cellOf, larger: level > 0 ? LARGER : 1 };
      if (this.#choose(into, rows, marks, level < doublings ? start + most : Infinity)) {
        this.layers = Uint16Array.from(into.rows.subarray(start), (row) => counts[cellOf(row)]!);
        return level === 0;
      }
      into.length = start;
    }
  }

  /** Returns false if the list would have more than `most` rows. */
  #choose(into: RowList, { from, to, isWanted, cellOf, larger }: Wanted, { deep, sizes }: Marks, most: number): boolean {
    const start = into.length;
    // The last is drawn above the others.
    for (let row = to - 1; row >= from; row--) {
      if (isWanted && !isWanted(row)) continue;
      const cell = cellOf(row);
      if (Number.isNaN(cell)) continue;
      const seen = counts[cell]!;
      if (seen < MOST_COUNTED) counts[cell] = seen + 1;
      if (seen >= deep && !(sizes && sizes[row]! > largest[cell]! * larger)) continue;
      if (sizes) largest[cell] = seen === 0 ? sizes[row]! : Math.max(largest[cell]!, sizes[row]!);
      if (into.length === most) return false;
      into.push(row);
    }
    into.reverse(start);
    return true;
  }
}
