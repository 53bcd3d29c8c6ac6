import type { ColumnChanges } from "./column-changes";
import { type Numbers, Pyramid } from "./pyramid";

/** From so many rows on a column is long. */
export const LONG = 10_000;

/** A column of numbers, with what is computed from it once and kept up with its changes. */
export class LongColumn {
  values: Numbers;
  #pyramid: Pyramid | null = null;
  /** Rows [0, #ordered) ascend. */
  #ordered = 1;
  #descends = false;

  constructor(values: Numbers) {
    this.values = values;
  }

  get length(): number {
    return this.values.length;
  }

  get pyramid(): Pyramid {
    if (!this.#pyramid) {
      this.#pyramid = new Pyramid();
      this.#pyramid.restart(this.values);
    }
    return this.#pyramid;
  }

  /** Whether all values are finite and none is lower than the one before. */
  get ascends(): boolean {
    const { values } = this;
    const { length } = values;
    while (!this.#descends && this.#ordered < length) {
      if (values[this.#ordered]! >= values[this.#ordered - 1]!) this.#ordered++;
      else this.#descends = true;
    }
    return !this.#descends && length > 0 && Number.isFinite(values[0]) && Number.isFinite(values[length - 1]);
  }

  get hasGaps(): boolean {
    const { first, end } = this.pyramid;
    return this.pyramid.nextGap(first, end) < end;
  }

  /** Take the values as they are after these changes. */
  change(values: Numbers, { isNew, dropped, written }: ColumnChanges): void {
    this.values = values;
    if (isNew) {
      this.#pyramid?.restart(values);
      this.#reorder(0);
      return;
    }
    if (dropped >= this.#ordered) this.#reorder(0);
    else this.#ordered -= dropped;
    const pyramid = this.#pyramid;
    const first = pyramid?.first ?? 0;
    pyramid?.move(values, dropped);
    for (const [from, to] of written) {
      pyramid?.written(first + from, first + to);
      if (from - dropped <= this.#ordered) this.#reorder(from - dropped);
    }
  }

  #reorder(from: number): void {
    this.#ordered = Math.max(1, Math.min(this.#ordered, from));
    this.#descends = false;
  }
}
