import type { LongColumn } from "./long-column";
import type { PixelColumns } from "./pixel-columns";
import { Extremes } from "./pyramid";
import type { RowList } from "./row-list";

/** So many rows before the frame are passed over at once if none of them reaches into it. */
const BLOCK = 1024;

/** The columns of segments, sorted by their first x. */
export interface Segments {
  readonly x0: LongColumn;
  readonly y0: LongColumn;
  readonly x1: LongColumn;
  readonly y1: LongColumn;
}

/** Segments of the frame; of those between the same two pixels only the last, which is drawn above the others. */
export class SegmentRows {
  readonly #seen = new Set<number>();
  readonly #found = new Extremes();

  /** `across` are the pixels of the frame along x, `up` those along y. */
  add(
    into: RowList, { x0, y0, x1, y1 }: Segments, across: PixelColumns, up: PixelColumns, reach: number,
    isWanted: ((row: number) => boolean) | null,
  ): void {
    const [a, b] = across.rowsIn(x0.values, reach);
    const left = across.first - reach, right = across.last + reach;
    const low = up.first - reach, high = up.last + reach;
    const width = right - left + 1, height = high - low + 1;
    const seen = this.#seen;
    seen.clear();
    const start = into.length;
    for (let row = b - 1; row >= 0; row--) {
      if (row < a && (row + 1) % BLOCK === 0 && this.#isOutside(x1, row + 1 - BLOCK, row + 1, left, right, across)) {
        row -= BLOCK - 1;
        continue;
      }
      const xa = across.of(x0.values[row]!), xb = across.of(x1.values[row]!);
      const ya = up.of(y0.values[row]!), yb = up.of(y1.values[row]!);
      const isIn = Math.max(xa, xb) >= left && Math.min(xa, xb) <= right && Math.max(ya, yb) >= low && Math.min(ya, yb) <= high;
      if (!isIn || (isWanted && !isWanted(row))) continue;
      const isWhole = Math.min(xa, xb) >= left && Math.max(xa, xb) <= right && Math.min(ya, yb) >= low && Math.max(ya, yb) <= high;
      if (isWhole) {
        const key = (((xa - left) * height + ya - low) * width + xb - left) * height + yb - low;
        if (seen.has(key)) continue;
        seen.add(key);
      }
      into.push(row);
    }
    into.reverse(start);
  }

  /** Whether the second ends of these rows, whose first ends are before the frame, are before it, too. */
  #isOutside({ pyramid }: LongColumn, from: number, to: number, left: number, right: number, across: PixelColumns): boolean {
    const { first } = pyramid;
    const { low, high, lowRow } = pyramid.extremes(first + from, first + to, this.#found);
    if (lowRow < 0) return true;
    const a = across.of(low), b = across.of(high);
    return across.descends ? Math.min(a, b) > right : Math.max(a, b) < left;
  }
}
