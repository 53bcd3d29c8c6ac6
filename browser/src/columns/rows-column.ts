import type { Op } from "../arrow/change";
import { FrameError } from "../arrow/frame-error";
import { BufferReader } from "./buffer-reader";
import { type ColumnValues, DTYPES, type Host, type Layout, type TypedArray } from "./types";

/** Rows that are JS values: texts, factors, JSON, nested and ragged values. */
export class RowsColumn implements ColumnValues {
  #items: unknown[] = [];

  constructor(private readonly layout: Layout, private readonly host: Host) {}

  get rows(): number {
    return this.#items.length;
  }

  append(op: Op): void {
    for (const item of raggedRows(op, this.layout, this.host)) this.#items.push(item);
  }

  write(op: Op): void {
    const items = raggedRows(op, this.layout, this.host);
    for (let i = 0; i < items.length; i++) this.#items[op.start + i] = items[i];
  }

  drop(rows: number): void {
    this.#items.splice(0, rows);
  }

  /** A copy: scripts of the document may change it. */
  value(): unknown {
    return this.#items.slice();
  }
}

/**
 * Decode the rows of an op.
 *
 * Depth 0 is the column, depth 1 the contents of a row, and so on. Depths below `list` are JS Arrays. From there on,
 * numbers are NDArrays of all dimensions below, if the parts have equal lengths.
 */
function raggedRows(op: Op, layout: Layout, host: Host): unknown[] {
  const { dtype, shape, list } = layout;
  const reader = new BufferReader(op, host.decode);
  const valid = reader.validity();
  const ragged = shape.filter((size) => size < 0).length;
  const fixed = shape.slice(ragged);
  const cell = fixed.reduce((product, size) => product * size, 1);
  const levels: ArrayLike<number>[] = [];
  let count = op.count;
  for (let level = 0; level < ragged; level++) {
    const offsets = reader.offsets(count);
    levels.push(offsets);
    count = offsets[count]!;
  }

  let texts: unknown[] | null = null;
  let numbers: TypedArray | null = null;
  if (DTYPES[dtype]) {
    numbers = reader.empty(count * cell);
    reader.values(numbers);
  } else {
    texts = reader.texts(count * cell);
    if (dtype === "json") texts = texts.map((text) => host.revive(JSON.parse(text as string)));
  }

  /** Flat values [lo, hi), at `depth`. */
  const scalars = (lo: number, hi: number): unknown[] => {
    if (texts) return texts.slice(lo, hi);
    const part = Array.from(numbers!.subarray(lo, hi));
    return dtype === "bool" ? part.map((value) => value === 1) : part;
  };

  /** Flat values [lo, hi) as an array of dimensions `dims`. */
  const block = (lo: number, hi: number, dims: number[], depth: number): unknown => {
    if (dims.length === 0) return scalars(lo, hi)[0];
    if (!texts && depth >= list) return host.ndarray(numbers!.subarray(lo, hi), dtype, dims);
    if (dims.length === 1) return scalars(lo, hi);
    const [size, ...rest] = dims as [number, ...number[]];
    const step = (hi - lo) / Math.max(size, 1);
    return Array.from({ length: size }, (_, i) => block(lo + i * step, lo + (i + 1) * step, rest, depth + 1));
  };

  /** The dimensions of cells [lo, hi) at ragged `level` and below, or null if their lengths differ. */
  const dimensions = (level: number, lo: number, hi: number): number[] | null => {
    if (level === ragged) return [hi - lo, ...fixed];
    const offsets = levels[level]!;
    const length = hi > lo ? offsets[lo + 1]! - offsets[lo]! : 0;
    for (let i = lo; i < hi; i++) if (offsets[i + 1]! - offsets[i]! !== length) return null;
    const below = dimensions(level + 1, offsets[lo]!, offsets[hi]!);
    return below && [hi - lo, length, ...below.slice(1)];
  };

  /** The value of item `i` of ragged `level`. */
  const item = (level: number, i: number): unknown => {
    if (level === ragged) return block(i * cell, (i + 1) * cell, fixed, level + 1);
    const lo = levels[level]![i]!, hi = levels[level]![i + 1]!;
    const depth = level + 1;
    if (!texts && depth >= list) {
      const dims = dimensions(level + 1, lo, hi);
      if (dims) return host.ndarray(numbers!.subarray(...flat(level + 1, lo, hi)), dtype, dims);
    } else if (level + 1 === ragged && fixed.length === 0) return scalars(lo, hi);
    return Array.from({ length: hi - lo }, (_, j) => item(level + 1, lo + j));
  };

  /** The range of cells [lo, hi) of `level` in the flat values. */
  const flat = (level: number, lo: number, hi: number): [number, number] => {
    for (; level < ragged; level++) {
      lo = levels[level]![lo]!;
      hi = levels[level]![hi]!;
    }
    return [lo * cell, hi * cell];
  };

  if (valid && shape.length > 0) throw new FrameError(`column ${op.column}: only scalars may be None`);
  return Array.from({ length: op.count }, (_, i) => (valid && !valid[i] ? null : item(0, i)));
}
