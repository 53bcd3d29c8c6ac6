import assert from "node:assert/strict";
import { test } from "node:test";
import { OpCode } from "../src/arrow/change";
import { ColumnChanges } from "../src/long/column-changes";
import { LineRows } from "../src/long/line-rows";
import { LongColumn } from "../src/long/long-column";
import { LongIndex } from "../src/long/long-index";
import { PixelColumns, type ScreenAxis } from "../src/long/pixel-columns";
import { Extremes, type Numbers, Pyramid } from "../src/long/pyramid";
import { RowList } from "../src/long/row-list";
import { SourceColumns } from "../src/long/source-columns";
import { SourceChanges } from "../src/sources/source-changes";

/** Repeatable random numbers (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Maker = (rows: number, next: () => number) => Float64Array;

const SHAPES: Record<string, Maker> = {
  walk: (rows, next) => {
    let at = 0;
    return Float64Array.from({ length: rows }, () => (at += next() - 0.5));
  },
  "noise with a sine": (rows, next) => Float64Array.from({ length: rows }, (_, i) => 20 * Math.sin(i / rows * 12) + next()),
  spikes: (rows, next) => Float64Array.from({ length: rows }, () => (next() < 5 / rows ? 100 * next() : 0)),
  gaps: (rows, next) => Float64Array.from({ length: rows }, (_, i) => (next() < 0.01 ? NaN : i % 977)),
  "runs of NaN": (rows, next) => {
    let left = 0;
    return Float64Array.from({ length: rows }, () => (left-- > 0 ? NaN : next() < 0.001 ? ((left = 300 * next()), NaN) : next()));
  },
  "every other row a gap": (rows, next) => Float64Array.from({ length: rows }, (_, i) => (i % 3 ? next() : NaN)),
  infinities: (rows, next) => Float64Array.from({ length: rows }, () => (next() < 0.002 ? Infinity * (next() - 0.5) : next())),
  steps: (rows) => Float64Array.from({ length: rows }, (_, i) => Math.floor(i / 700) % 5),
  constant: (rows) => new Float64Array(rows).fill(3),
};

function naive(values: Numbers, from: number, to: number): Extremes {
  const found = new Extremes();
  for (let row = from; row < to; row++) {
    const value = values[row]!;
    if (!Number.isFinite(value)) found.hasGap = true;
    else {
      if (value < found.low) [found.low, found.lowRow] = [value, row];
      if (value > found.high) [found.high, found.highRow] = [value, row];
    }
  }
  return found;
}

for (const [name, make] of Object.entries(SHAPES)) {
  test(`a pyramid finds the extremes of ${name}, whatever happens to the column`, () => {
    const next = random(7);
    let values = make(9000, next);
    const pyramid = new Pyramid();
    pyramid.restart(values);
    for (let step = 0; step < 60; step++) {
      for (let i = 0; i < 40; i++) {
        const from = Math.floor(next() * values.length), to = from + Math.floor(next() * (values.length - from + 1));
        const expected = naive(values, from, to);
        const { first } = pyramid;
        const { low, high, lowRow, highRow, hasGap } = pyramid.extremes(first + from, first + to, new Extremes());
        const rowOf = (row: number) => (row < 0 ? row : row - first);
        assert.deepEqual(
          { low, high, lowRow: rowOf(lowRow), highRow: rowOf(highRow), hasGap },
          { ...expected },
        );
        const rows = Array.from(values.subarray(from, to), Number.isFinite);
        const or = (at: number, none: number) => (at < 0 ? none : at + from);
        assert.equal(pyramid.nextGap(first + from, first + to) - first, or(rows.indexOf(false), to));
        assert.equal(pyramid.nextFinite(first + from, first + to) - first, or(rows.indexOf(true), to));
        assert.equal(pyramid.lastFinite(first + from, first + to) - first, or(rows.lastIndexOf(true), from - 1));
      }
      const added = make(Math.floor(next() * (step % 7 ? 300 : 9000)) + 1, next);
      const dropped = Math.floor(next() * Math.min(values.length, added.length * 2));
      const all = new Float64Array(values.length - dropped + added.length);
      all.set(values.subarray(dropped));
      all.set(added, values.length - dropped);
      values = all;
      pyramid.move(values, dropped);
      const from = Math.floor(next() * values.length), to = Math.min(values.length, from + Math.floor(next() * 500));
      for (let row = from; row < to; row++) values[row] = next() < 0.01 ? NaN : next() * 10;
      pyramid.written(pyramid.first + from, pyramid.first + to);
    }
  });
}

const WIDTH = 500, HEIGHT = 300;

function linear(start: number, end: number, from: number, to: number): ScreenAxis {
  const factor = (to - from) / (end - start), offset = -(factor * start) + from;
  return {
    start: Math.min(from, to), end: Math.max(from, to), descends: factor < 0, above: -Infinity,
    compute: (value) => factor * value + offset,
  };
}

function logarithmic(start: number, end: number, from: number, to: number): ScreenAxis {
  const { compute, ...axis } = linear(Math.log(start), Math.log(end), from, to);
  return { ...axis, above: 0, compute: (value) => (value > 0 ? compute(Math.log(value)) : NaN) };
}

/**
 * The pixels of a line without antialiasing: in each column of pixels all those between the ends of the parts of the line in it.
 * Rows are true row numbers; a negative one is a break.
 */
function painted(x: Numbers, y: Numbers, rows: Iterable<number>, across: ScreenAxis, up: ScreenAxis): Set<number> {
  const pixels = new Set<number>();
  const columnOf = (sx: number) => Math.floor(Math.fround(sx) + 0.5);
  let before: [number, number] | null = null;
  for (const row of rows) {
    const sx = row < 0 ? NaN : Math.fround(across.compute(x[row]!)), sy = row < 0 ? NaN : Math.fround(up.compute(y[row]!));
    if (!Number.isFinite(sx + sy)) {
      before = null;
      continue;
    }
    if (before) {
      const [left, right] = before[0] <= sx ? [before, [sx, sy] as const] : [[sx, sy] as const, before];
      const first = Math.max(0, columnOf(left[0])), last = Math.min(WIDTH, columnOf(right[0]));
      for (let column = first; column <= last; column++) {
        const at = (edge: number) => {
          const part = (Math.min(right[0], Math.max(left[0], edge)) - left[0]) / (right[0] - left[0] || 1);
          return left[1] + part * (right[1] - left[1]);
        };
        const isUpright = left[0] === right[0];
        const a = columnOf(isUpright ? left[1] : at(column - 0.5)), b = columnOf(isUpright ? right[1] : at(column + 0.5));
        const low = Math.max(-1, Math.min(a, b)), high = Math.min(HEIGHT + 1, Math.max(a, b));
        for (let pixel = low; pixel <= high; pixel++) pixels.add(column * 1000 + pixel);
        // The ends themselves, where they are in this column.
        for (const [ex, ey] of [left, right]) if (columnOf(ex) === column && ey > -1 && ey < HEIGHT) pixels.add(column * 1000 + columnOf(ey));
      }
    }
    before = [sx, sy];
  }
  return pixels;
}

for (const [name, make] of Object.entries(SHAPES)) {
  for (const spacing of ["even", "uneven", "repeated"]) {
    test(`the rows of a view paint ${name} with ${spacing} x as all rows do`, () => {
      const next = random(11);
      const rows = 60_000;
      let at = 0;
      const x = Float64Array.from({ length: rows }, (_, i) =>
        spacing === "even" ? i : spacing === "uneven" ? (at += next() < 0.001 ? 500 * next() : next()) : Math.floor(i / 50));
      const y = make(rows, next);
      const [low, high] = [naive(y, 0, rows).low, naive(y, 0, rows).high];
      const sorted = new LongColumn(x), values = new LongColumn(y);
      assert.ok(sorted.ascends);
      for (let zoom = 0; zoom < 11; zoom++) {
        const span = (x[rows - 1]! - x[0]!) * (zoom === 0 ? 1.1 : next() ** 3);
        const start = zoom === 0 ? x[0]! - span / 22 : x[0]! + next() * (x[rows - 1]! - x[0]! - span);
        const across = zoom % 3 === 2 ? linear(start + span, start, 0, WIDTH) : linear(start, start + span, 0, WIDTH);
        const up = zoom % 4 === 3 ? logarithmic(Math.max(low, 1e-3), Math.max(high, 1e-2), HEIGHT, 0) : linear(low - 1, high + 1, HEIGHT, 0);
        const list = new RowList();
        new LineRows(sorted, [values], up, true).add(list, new PixelColumns(across, 1), 0, rows, 0, 0);
        assert.ok(list.length < 14 * WIDTH || name === "gaps" || name.includes("gap"), `${list.length} rows`);
        const all = painted(x, y, x.keys(), across, up), some = painted(x, y, list.rows, across, up);
        const inFrame = (pixels: Set<number>) => [...pixels].filter((pixel) => {
          const column = Math.floor(pixel / 1000);
          return column > 0 && column < WIDTH;
        });
        const more = inFrame(some).filter((pixel) => !all.has(pixel)), missing = inFrame(all).filter((pixel) => !some.has(pixel));
        assert.deepEqual({ zoom, more, missing }, { zoom, more: [], missing: [] });
      }
    });
  }
}

test("bounds from the pyramid are those of all rows", () => {
  const next = random(3);
  for (const make of Object.values(SHAPES)) {
    const y = make(20_000, next), x = Float64Array.from({ length: 20_000 }, (_, i) => Math.floor(i / 3) - 3000);
    class Rows extends Set<number> {
      set(row: number): void {
        this.add(row);
      }
    }
    const boxes = { rows: 20_000, x: [x], y: [y] };
    const sorted = { sorted: new LongColumn(x), values: [new LongColumn(y)], isAlongX: true };
    const fast = new LongIndex(boxes, sorted, () => new Rows()), slow = new LongIndex(boxes, null, () => new Rows());
    assert.deepEqual(fast.bbox, slow.bbox);
    const anywhere = { x0: -Infinity, x1: Infinity, y0: -Infinity, y1: Infinity };
    for (let i = 0; i < 20; i++) {
      const [x0, x1] = [next() * 8000 - 4000, next() * 8000 - 4000], [y0, y1] = [next() * 50 - 10, next() * 50 - 10];
      for (const rect of [{ ...anywhere, x0: Math.min(x0, x1), x1: Math.max(x0, x1) }, { x0, x1, y0, y1 }, { ...anywhere, y0: 1e-300 }]) {
        assert.deepEqual(fast.bounds(rect), slow.bounds(rect));
        assert.deepEqual([...fast.indices(rect)].sort(), [...slow.indices(rect)].sort());
      }
    }
  }
});

test("a column knows whether it ascends, through all changes", () => {
  const next = random(5);
  let values = Float64Array.from({ length: 1000 }, (_, i) => i);
  const column = new LongColumn(values);
  for (let step = 0; step < 400; step++) {
    const changes = new ColumnChanges();
    const op = (code: "append" | "write", start: number, count: number, drop: number) => changes.add({
      code: code === "append" ? OpCode.APPEND : OpCode.WRITE, start, count, drop,
    } as never);
    const drop = next() < 0.5 ? Math.floor(next() * 60) : 0;
    const end = values.at(-1)!;
    const added = Float64Array.from({ length: 50 }, (_, i) => end + i + (next() < 0.01 ? -40 : 0));
    const all = new Float64Array(values.length - drop + added.length);
    all.set(values.subarray(drop));
    all.set(added, values.length - drop);
    values = all;
    op("append", values.length - added.length, added.length, drop);
    if (next() < 0.3) {
      const row = Math.floor(next() * values.length);
      values[row] = next() < 0.5 ? (values[row - 1] ?? 0) : values[row]! - 3;
      op("write", row, 1, 0);
    }
    if (values.length > 3000 || next() < 0.1) {
      values = values.slice(-500).sort();
      column.change(values, Object.assign(new ColumnChanges(), { isNew: true }));
    } else column.change(values.slice(), changes);
    const expected = values.every((value, i) => i === 0 || value >= values[i - 1]!);
    if (column.ascends !== expected) assert.equal(column.ascends, expected, `step ${step}`);
  }
});

test("a column that was removed and came again is another", () => {
  const source = {};
  const known = SourceColumns.of(source);
  const value = (from: number) => Float64Array.from({ length: 200 }, (_, i) => from + i);
  const values = value(0);
  assert.equal(known.column("y", values)!.pyramid.extremes(0, 200, new Extremes()).high, 199);
  const changes = new SourceChanges("p1");
  const op = (code: OpCode) => ({ code, model: "p1", column: "y", start: 0, count: 200, drop: 0 }) as never;
  changes.add(op(OpCode.REMOVE), false, 1);
  changes.add(op(OpCode.APPEND), true, 2);
  const again = value(1000);
  known.changed({ y: again }, changes.details);
  const { low, high } = known.column("y", again)!.pyramid.extremes(0, 200, new Extremes());
  assert.deepEqual([low, high], [1000, 1199]);
});
