import type { Numbers } from "./pyramid";

/** How an axis shows values on the screen, where its frame is from `start` to `end`, in CSS pixels. */
export interface ScreenAxis {
  readonly start: number;
  readonly end: number;
  /** Whether higher values have lower coordinates. */
  readonly descends: boolean;
  /** Values that are not higher have no place: 0 on a log axis. */
  readonly above: number;
  compute(value: number): number;
}

/**
 * The columns of pixels of a frame, along the axis by which rows are sorted, each divided into `bins` equal parts.
 *
 * BokehJS rounds screen coordinates to 32 bits and draws half a pixel further.
 */
export class PixelColumns {
  readonly first: number;
  readonly last: number;

  /** `ratio` columns are a pixel of the screen. */
  constructor(private readonly axis: ScreenAxis, readonly ratio: number) {
    this.first = this.#at(axis.start);
    this.last = this.#at(axis.end);
  }

  get count(): number {
    return this.last - this.first + 1;
  }

  /** Whether higher values are in lower columns. */
  get descends(): boolean {
    return this.axis.descends;
  }

  /** The column of a value; NaN if the axis does not have the value. */
  of(value: number): number {
    return this.#at(this.axis.compute(value));
  }

  #at(screen: number): number {
    return Math.floor((Math.fround(screen) + 0.5) * this.ratio);
  }

  /** The rows [a, b) of an ascending column that are in the frame, or up to `margin` columns outside. */
  rowsIn(sorted: Numbers, margin = 0): [number, number] {
    const { length } = sorted;
    const from = this.first - margin, to = this.last + margin;
    const { descends } = this;
    const a = firstRow(0, length, (row) => (descends ? this.of(sorted[row]!) <= to : this.of(sorted[row]!) >= from));
    const b = firstRow(a, length, (row) => (descends ? this.of(sorted[row]!) < from : this.of(sorted[row]!) > to));
    return [a, b];
  }

  /** The end of the rows from `row` on, but before `end`, that are in its column; there may be about `guess` of them. */
  endOfColumn(sorted: Numbers, row: number, end: number, guess: number): number {
    const column = this.of(sorted[row]!);
    let low = row, high = end, step = 1;
    const middle = Math.min(row + guess, end - 1);
    if (middle > low) {
      if (this.of(sorted[middle]!) === column) {
        low = middle;
        while (low + step < high && this.of(sorted[low + step]!) === column) {
          low += step;
          step *= 2;
        }
        high = Math.min(high, low + step);
      } else {
        high = middle;
        while (high - step > low && this.of(sorted[high - step]!) !== column) {
          high -= step;
          step *= 2;
        }
        low = Math.max(low, high - step);
      }
    }
    return firstRow(low + 1, high, (at) => this.of(sorted[at]!) !== column);
  }
}

/** The first row of [from, to) for which this is true; it is true for all later ones. `to` if there is none. */
export function firstRow(from: number, to: number, isTrue: (row: number) => boolean): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isTrue(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
