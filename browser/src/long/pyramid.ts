import type { TypedArray } from "../columns/types";

/** Numbers of a column. */
export type Numbers = TypedArray;

const LEAF = 64;
const FAN_OUT = 16;
/** In `lowAt`: the node has a row that is no finite number. */
const HAS_GAP = 0x80;
const PLACE = 0x7f;

/** Lowest and highest finite value of some rows, and the first rows that have them; -1 if there are none. */
export class Extremes {
  low = Infinity;
  high = -Infinity;
  lowRow = -1;
  highRow = -1;
  /** Whether a row is no finite number. */
  hasGap = false;

  clear(): void {
    this.low = Infinity;
    this.high = -Infinity;
    this.lowRow = this.highRow = -1;
    this.hasGap = false;
  }
}

/** The nodes of one level that are complete, from node number `base` on. */
class Level {
  base = 0;
  count = 0;
  /** Lowest and highest value of a node, side by side. */
  pairs = new Float64Array(32);
  /** Where in the node they are: a row of a leaf, a child of others. */
  lowAt = new Uint8Array(16);
  highAt = new Uint8Array(16);

  get end(): number {
    return this.base + this.count;
  }

  /** Forget the nodes before `first`, and all from `end` on. */
  keep(first: number, end: number): void {
    this.count = Math.max(0, Math.min(this.end, end) - this.base);
    if (first <= this.base) return;
    const gone = first - this.base;
    if (gone >= this.count) this.count = 0;
    else if (gone > this.count / 2) {
      this.pairs.copyWithin(0, 2 * gone, 2 * this.count);
      this.lowAt.copyWithin(0, gone, this.count);
      this.highAt.copyWithin(0, gone, this.count);
      this.count -= gone;
    } else return;
    this.base = first;
  }

  reserve(count: number): void {
    if (count <= this.lowAt.length) return;
    const room = Math.max(count, Math.ceil(this.count * 1.5));
    const grown = <T extends { set(values: T): void }>(array: T, larger: T): T => (larger.set(array), larger);
    this.pairs = grown(this.pairs, new Float64Array(2 * room));
    this.lowAt = grown(this.lowAt, new Uint8Array(room));
    this.highAt = grown(this.highAt, new Uint8Array(room));
  }
}

/**
 * Lowest and highest values of the blocks of a column: 64 rows a leaf, 16 nodes in each node above, 0.3 bytes a row.
 *
 * Rows have numbers that stay when rows are dropped at the front: `values[i]` is row `first + i`. A node is in here when
 * all of its rows are there; a node across the front is never taken whole.
 */
export class Pyramid {
  #levels: Level[] = [];
  #values: Numbers = new Float64Array();
  readonly #leaf = new Extremes();
  first = 0;

  get end(): number {
    return this.first + this.#values.length;
  }

  /** Take the values as they are now: all are new. */
  restart(values: Numbers): void {
    this.#levels = [];
    this.#values = values;
    this.first = 0;
    this.#grow();
  }

  /** Take the values as they are now: `dropped` rows went at the front, others came at the end. */
  move(values: Numbers, dropped: number): void {
    this.#values = values;
    this.first += dropped;
    let size = LEAF;
    for (const level of this.#levels) {
      level.keep(Math.ceil(this.first / size), Math.floor(this.end / size));
      size *= FAN_OUT;
    }
    this.#grow();
  }

  /** Rows [from, to) have other values. */
  written(from: number, to: number): void {
    let a = Math.floor(Math.max(from, this.first) / LEAF), b = Math.ceil(Math.min(to, this.end) / LEAF);
    for (let at = 0; at < this.#levels.length; at++) {
      const level = this.#levels[at]!;
      for (let node = Math.max(a, level.base); node < Math.min(b, level.end); node++) this.#compute(at, node);
      a = Math.floor(a / FAN_OUT);
      b = Math.ceil(b / FAN_OUT);
    }
  }

  /** The extremes of rows [from, to), all of which are there. */
  extremes(from: number, to: number, into: Extremes): Extremes {
    into.clear();
    let a = Math.ceil(from / LEAF), b = Math.floor(to / LEAF);
    if (a >= b) {
      this.#look(from, to, into);
      return into;
    }
    this.#look(from, a * LEAF, into);
    // The rows of the nodes on the right come after all others.
    const right: number[] = [];
    for (let at = 0; a < b; at++) {
      const above = this.#levels[at + 1];
      if (!above || above.count === 0) {
        while (a < b) this.#take(at, a++, into);
        break;
      }
      while (a < b && (a % FAN_OUT !== 0 || a / FAN_OUT < above.base || a / FAN_OUT >= above.end)) this.#take(at, a++, into);
      while (a < b && (b % FAN_OUT !== 0 || b / FAN_OUT > above.end)) right.push(at, --b);
      a /= FAN_OUT;
      b /= FAN_OUT;
    }
    for (let i = right.length - 2; i >= 0; i -= 2) this.#take(right[i]!, right[i + 1]!, into);
    this.#look(Math.floor(to / LEAF) * LEAF, to, into);
    return into;
  }

  /** The first row of [from, to) that is no finite number; `to` if there is none. */
  nextGap(from: number, to: number): number {
    return this.#next(from, to, (level, i) => (level.lowAt[i]! & HAS_GAP) === 0, false);
  }

  /** The first row of [from, to) that is a finite number; `to` if there is none. */
  nextFinite(from: number, to: number): number {
    return this.#next(from, to, (level, i) => level.pairs[2 * i]! > level.pairs[2 * i + 1]!, true);
  }

  /** The last row of [from, to) that is a finite number; `from - 1` if there is none. */
  lastFinite(from: number, to: number): number {
    const [leaves] = this.#levels;
    let row = to - 1;
    while (row >= from) {
      if ((row + 1) % LEAF === 0 && row + 1 - LEAF >= from && leaves && this.#isEmpty(leaves, (row + 1) / LEAF - 1)) row -= LEAF;
      else if (Number.isFinite(this.#values[row - this.first]!)) return row;
      else row--;
    }
    return from - 1;
  }

  #isEmpty(leaves: Level, leaf: number): boolean {
    const i = leaf - leaves.base;
    return i >= 0 && i < leaves.count && leaves.pairs[2 * i]! > leaves.pairs[2 * i + 1]!;
  }

  #next(from: number, to: number, skips: (level: Level, i: number) => boolean, finite: boolean): number {
    const [leaves, above] = this.#levels;
    const skip = (level: Level | undefined, node: number) =>
      level !== undefined && node >= level.base && node < level.end && skips(level, node - level.base);
    for (let row = from; row < to; row++) {
      while (row % LEAF === 0 && row < to) {
        if (row % (LEAF * FAN_OUT) === 0 && skip(above, row / (LEAF * FAN_OUT))) row += LEAF * FAN_OUT;
        else if (skip(leaves, row / LEAF)) row += LEAF;
        else break;
      }
      if (row < to && Number.isFinite(this.#values[row - this.first]!) === finite) return row;
    }
    return to;
  }

  #grow(): void {
    let size = LEAF;
    for (let at = 0; ; at++, size *= FAN_OUT) {
      const firstNode = Math.ceil(this.first / size), end = Math.floor(this.end / size);
      if (end <= firstNode) {
        this.#levels.length = Math.min(this.#levels.length, at);
        return;
      }
      const level = (this.#levels[at] ??= new Level());
      if (level.count === 0) level.base = firstNode;
      const from = level.end;
      level.reserve(end - level.base);
      level.count = end - level.base;
      for (let node = from; node < end; node++) this.#compute(at, node);
    }
  }

  #compute(at: number, node: number): void {
    const level = this.#levels[at]!;
    const i = node - level.base;
    let low = Infinity, high = -Infinity, lowAt = 0, highAt = 0, gap = 0;
    if (at === 0) {
      const row = node * LEAF;
      const found = this.#leaf;
      found.clear();
      this.#scan(row, row + LEAF, found);
      ({ low, high } = found);
      if (low <= high) [lowAt, highAt] = [found.lowRow - row, found.highRow - row];
      if (this.#isGapIn(row, row + LEAF)) gap = HAS_GAP;
    } else {
      const below = this.#levels[at - 1]!;
      const start = node * FAN_OUT - below.base;
      for (let k = 0; k < FAN_OUT; k++) {
        gap |= below.lowAt[start + k]! & HAS_GAP;
        if (below.pairs[2 * (start + k)]! < low) {
          low = below.pairs[2 * (start + k)]!;
          lowAt = k;
        }
        if (below.pairs[2 * (start + k) + 1]! > high) {
          high = below.pairs[2 * (start + k) + 1]!;
          highAt = k;
        }
      }
    }
    level.pairs[2 * i] = low;
    level.pairs[2 * i + 1] = high;
    level.lowAt[i] = lowAt | gap;
    level.highAt[i] = highAt;
  }

  #take(at: number, node: number, into: Extremes): void {
    const level = this.#levels[at]!;
    const i = node - level.base;
    if (level.lowAt[i]! & HAS_GAP) into.hasGap = true;
    if (level.pairs[2 * i]! < into.low) {
      into.low = level.pairs[2 * i]!;
      into.lowRow = this.#rowOf(at, node, true);
    }
    if (level.pairs[2 * i + 1]! > into.high) {
      into.high = level.pairs[2 * i + 1]!;
      into.highRow = this.#rowOf(at, node, false);
    }
  }

  #rowOf(at: number, node: number, isLow: boolean): number {
    for (; at >= 0; at--) {
      const level = this.#levels[at]!;
      const place = isLow ? level.lowAt[node - level.base]! & PLACE : level.highAt[node - level.base]!;
      node = node * (at === 0 ? LEAF : FAN_OUT) + place;
    }
    return node;
  }

  /** Look at rows [from, to), not more than two leaves. */
  #look(from: number, to: number, into: Extremes): void {
    if (from >= to) return;
    this.#scan(from, to, into);
    const mayHaveGap = this.#mayHaveGap(Math.floor(from / LEAF)) || this.#mayHaveGap(Math.floor((to - 1) / LEAF));
    if (mayHaveGap && this.#isGapIn(from, to)) into.hasGap = true;
  }

  /** Finite values of rows [from, to). */
  #scan(from: number, to: number, into: Extremes): void {
    const values = this.#values;
    let { low, high } = into;
    let lowAt = -1, highAt = -1;
    for (let i = from - this.first; i < to - this.first; i++) {
      const value = values[i]!;
      if (value < low && value > -Infinity) {
        low = value;
        lowAt = i;
      }
      if (value > high && value < Infinity) {
        high = value;
        highAt = i;
      }
    }
    if (lowAt >= 0) {
      into.low = low;
      into.lowRow = lowAt + this.first;
    }
    if (highAt >= 0) {
      into.high = high;
      into.highRow = highAt + this.first;
    }
  }

  #isGapIn(from: number, to: number): boolean {
    for (let i = from - this.first; i < to - this.first; i++) if (this.#values[i]! - this.#values[i]! !== 0) return true;
    return false;
  }

  #mayHaveGap(leaf: number): boolean {
    const [leaves] = this.#levels;
    return !leaves || leaf < leaves.base || leaf >= leaves.end || (leaves.lowAt[leaf - leaves.base]! & HAS_GAP) !== 0;
  }
}
