import type { LongColumn } from "./long-column";
import { PixelColumns, type ScreenAxis } from "./pixel-columns";
import { Extremes, type Numbers } from "./pyramid";
import { BREAK, type RowList } from "./row-list";

/** With more parts between gaps in a column of pixels, those that touch each other are drawn as one. */
const MAX_PARTS = 8;

/**
 * Rows that paint the same picture as all rows: of the rows in each column of pixels, the first, the lowest, the highest
 * and the last (M4: Jugel et al., VLDB 2014), both sides of steps, and the rows next to the frame.
 */
export class LineRows {
  readonly #found = new Extremes();
  readonly #picked: number[] = [];

  /**
   * `values` are the columns across the sorted one: one of a line, two of an area. Gaps break lines; BokehJS leaves
   * them out of an area's edges, `breaks` is false.
   */
  constructor(
    private readonly sorted: LongColumn,
    private readonly values: readonly LongColumn[],
    private readonly axis: ScreenAxis,
    private readonly breaks: boolean,
  ) {}

  /**
   * Add the rows of [from, to) that are drawn in these columns of pixels, or up to `margin` columns outside: all of
   * them, if there are no more than `fewest`. Returns whether it added all.
   */
  add(into: RowList, columns: PixelColumns, from: number, to: number, fewest: number, margin: number): boolean {
    const sorted = this.sorted.values;
    let [a, b] = columns.rowsIn(sorted, margin);
    const before = a > from ? a - 1 : -1, after = b < to ? b : -1;
    a = Math.max(a, from);
    b = Math.min(b, to);
    if (b - a <= fewest) {
      into.pushAll(Math.max(from, a - 1), Math.min(to, b + 1));
      return true;
    }
    if (before >= from) into.push(before);
    let guess = Math.ceil((b - a) / columns.count);
    for (let row = a; row < b; ) {
      const end = columns.endOfColumn(sorted, row, b, guess);
      this.#addColumn(into, row, end, columns.ratio);
      guess = end - row;
      row = end;
    }
    if (after >= 0) into.push(after);
    return false;
  }

  #addColumn(into: RowList, from: number, to: number, ratio: number): void {
    if (to - from <= 4) return into.pushAll(from, to);
    const picked = this.#picked;
    picked.length = 0;
    for (const { pyramid, values } of this.values) {
      const { first } = pyramid;
      const found = pyramid.extremes(first + from, first + to, this.#found);
      if (this.breaks && (found.hasGap || found.low <= this.axis.above)) return this.#addParts(into, from, to, ratio);
      if (found.lowRow < 0) continue;
      const low = found.low > this.axis.above ? found.lowRow - first : this.#lowest(values, from, to);
      pick(picked, values, low, found.highRow - first);
    }
    push(into, from, picked, to - 1);
  }

  /** The row of the lowest value that the axis has. */
  #lowest(values: Numbers, from: number, to: number): number {
    let lowest = from, low = Infinity;
    for (let row = from; row < to; row++) {
      const value = values[row]!;
      if (value > this.axis.above && value < low) [lowest, low] = [row, value];
    }
    return lowest;
  }

  /** Rows [from, to) with gaps: each part between them, and a gap before and after it. */
  #addParts(into: RowList, from: number, to: number, ratio: number): void {
    const { values, pyramid } = this.values[0]!;
    const { above } = this.axis;
    const parts: Part[] = [];
    for (let row = from; row < to; ) {
      const start = row;
      while (row < to && Number.isFinite(values[row]) && values[row]! > above) row++;
      if (row > start) {
        const found = pyramid.extremes(pyramid.first + start, pyramid.first + row, this.#found);
        parts.push({ start, end: row, low: found.lowRow - pyramid.first, high: found.highRow - pyramid.first });
      } else row++;
    }
    const last = parts.at(-1);
    if (parts.length === 0 || parts[0]!.start > from) into.push(BREAK);
    for (const part of parts.length > MAX_PARTS ? this.#merged(parts, ratio) : parts) {
      this.#picked.length = 0;
      pick(this.#picked, values, part.low, part.high);
      push(into, part.start, this.#picked, part.end - 1);
      if (part !== last || part.end < to) into.push(BREAK);
    }
  }

  /** Parts between the first and the last, where those whose pixels touch are one: upright lines in the same column. */
  #merged(parts: Part[], ratio: number): Part[] {
    const { values } = this.values[0]!;
    const pixels = new PixelColumns(this.axis, ratio);
    const spanOf = (part: Part) => {
      const a = pixels.of(values[part.low]!), b = pixels.of(values[part.high]!);
      return { part, top: Math.min(a, b), bottom: Math.max(a, b) };
    };
    const spans = parts.slice(1, -1).filter(({ start, end }) => end - start > 1).map(spanOf);
    spans.sort((a, b) => a.top - b.top);
    const merged: Part[] = [];
    let bottom = NaN;
    for (const span of spans) {
      const current = merged.at(-1);
      if (current && span.top <= bottom + 1) {
        if (values[span.part.low]! < values[current.low]!) current.low = span.part.low;
        if (values[span.part.high]! > values[current.high]!) current.high = span.part.high;
        bottom = Math.max(bottom, span.bottom);
      } else {
        merged.push({ ...span.part });
        bottom = span.bottom;
      }
    }
    for (const part of merged) {
      part.start = part.low;
      part.end = part.high + 1;
    }
    return [parts[0]!, ...merged, parts.at(-1)!];
  }
}

/** Rows [start, end) without a gap, and their lowest and highest. */
interface Part {
  start: number;
  end: number;
  low: number;
  high: number;
}

/** The rows with the lowest and the highest value, and steps: those beside them that are nearer to the other. */
function pick(picked: number[], values: Numbers, low: number, high: number): void {
  const least = values[low]!, most = values[high]!, middle = least + (most - least) / 2;
  picked.push(low, high);
  for (const row of [low - 1, low + 1]) if (values[row]! > middle && values[row]! <= most) picked.push(row);
  for (const row of [high - 1, high + 1]) if (values[row]! < middle && values[row]! >= least) picked.push(row);
}

/** The first row, those picked between it and the last in order, and the last; none twice. */
function push(into: RowList, first: number, picked: number[], last: number): void {
  into.push(first);
  if (picked.length > 2) picked.sort((a, b) => a - b);
  else if (picked[0]! > picked[1]!) picked.reverse();
  let previous = first;
  for (const row of picked) {
    if (row <= previous || row >= last) continue;
    into.push(row);
    previous = row;
  }
  if (last !== first) into.push(last);
}
