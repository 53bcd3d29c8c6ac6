import type { LongColumn } from "./long-column";
import { firstRow } from "./pixel-columns";
import { Extremes, type Numbers } from "./pyramid";

export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Rows of a glyph as rectangles; some are points. */
export interface Boxes {
  readonly rows: number;
  readonly x: readonly Numbers[];
  readonly y: readonly Numbers[];
}

/** The columns by which bounds are found without looking at all rows: one sorted, one across it. */
export interface Sorted {
  readonly sorted: LongColumn;
  readonly values: readonly LongColumn[];
  /** The sorted column is along x. */
  readonly isAlongX: boolean;
}

/**
 * Stands for BokehJS's spatial index of a glyph, with the same answers. Building an index takes longer than drawing, and
 * most glyphs need no more than its bounds.
 */
export class LongIndex<Indices extends { set(row: number): void }> {
  #box: Rect | null = null;
  readonly #extremes = new Extremes();

  constructor(
    private readonly boxes: Boxes, private readonly sorted: Sorted | null, private readonly makeIndices: (rows: number) => Indices,
  ) {}

  get bbox(): Rect {
    return (this.#box ??= this.#sortedBounds(0, this.boxes.rows) ?? this.#scan(EVERYWHERE));
  }

  /** The bounds of the rows that a rectangle touches: of their sides, those within it. */
  bounds(rect: Rect): Rect {
    const normal = normalized(rect);
    return this.#sortedWithin(normal) ?? this.#scan(normal);
  }

  indices(rect: Rect): Indices {
    const found = this.makeIndices(this.boxes.rows);
    this.#each(normalized(rect), (row) => found.set(row));
    return found;
  }

  #sortedWithin(rect: Rect): Rect | null {
    if (!this.sorted) return null;
    const [from, to] = this.#rowsWithin(rect);
    const found = this.#sortedBounds(from, to);
    // All of these rows must be in the rectangle.
    return found && contains(rect, found) ? found : null;
  }

  /** Rows that may be in the rectangle. */
  #rowsWithin({ x0, x1, y0, y1 }: Rect): [number, number] {
    if (!this.sorted) return [0, this.boxes.rows];
    const { sorted: { values }, isAlongX } = this.sorted;
    const [low, high] = isAlongX ? [x0, x1] : [y0, y1];
    const { length } = values;
    return [firstRow(0, length, (row) => values[row]! >= low), firstRow(0, length, (row) => values[row]! > high)];
  }

  /** The bounds of rows [from, to); null if only a scan can tell. */
  #sortedBounds(from: number, to: number): Rect | null {
    if (!this.sorted) return null;
    const { sorted, values, isAlongX } = this.sorted;
    let low = Infinity, high = -Infinity, start = from, end = to - 1;
    for (const { pyramid } of values) {
      const { first } = pyramid;
      const found = pyramid.extremes(first + from, first + to, this.#extremes);
      if (found.hasGap && values.length > 1) return null;
      low = Math.min(low, found.low);
      high = Math.max(high, found.high);
      if (!found.hasGap) continue;
      start = pyramid.nextFinite(first + from, first + to) - first;
      end = pyramid.lastFinite(first + from, first + to) - first;
    }
    if (start > end) return { ...EMPTY };
    const a = sorted.values[start]!, b = sorted.values[end]!;
    return isAlongX ? { x0: a, y0: low, x1: b, y1: high } : { x0: low, y0: a, x1: high, y1: b };
  }

  #scan(rect: Rect): Rect {
    const result = { ...EMPTY };
    this.#each(rect, (_row, x0, y0, x1, y1) => {
      if (x0 >= rect.x0 && x0 < result.x0) result.x0 = x0;
      if (x1 <= rect.x1 && x1 > result.x1) result.x1 = x1;
      if (y0 >= rect.y0 && y0 < result.y0) result.y0 = y0;
      if (y1 <= rect.y1 && y1 > result.y1) result.y1 = y1;
    });
    return result;
  }

  #each(rect: Rect, found: (row: number, x0: number, y0: number, x1: number, y1: number) => void): void {
    const { x: [xa, xb], y: [ya, yb] } = this.boxes;
    const [from, to] = this.#rowsWithin(rect);
    for (let row = from; row < to; row++) {
      const x = xa![row]!, otherX = xb ? xb[row]! : x, y = ya![row]!, otherY = yb ? yb[row]! : y;
      if (!Number.isFinite(x * 0 + otherX * 0 + y * 0 + otherY * 0)) continue;
      const x0 = Math.min(x, otherX), x1 = Math.max(x, otherX), y0 = Math.min(y, otherY), y1 = Math.max(y, otherY);
      if (rect.x1 >= x0 && rect.y1 >= y0 && rect.x0 <= x1 && rect.y0 <= y1) found(row, x0, y0, x1, y1);
    }
  }
}

const EMPTY: Rect = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
const EVERYWHERE: Rect = { x0: -Infinity, y0: -Infinity, x1: Infinity, y1: Infinity };

function contains(outer: Rect, inner: Rect): boolean {
  return inner.x0 >= outer.x0 && inner.x1 <= outer.x1 && inner.y0 >= outer.y0 && inner.y1 <= outer.y1;
}

function normalized({ x0, y0, x1, y1 }: Rect): Rect {
  if (x0 > x1 && Number.isFinite(x0 + x1)) [x0, x1] = [x1, x0];
  if (y0 > y1 && Number.isFinite(y0 + y1)) [y0, y1] = [y1, y0];
  return { x0, y0, x1, y1 };
}
