import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ColumnChanges } from "../src/long/column-changes";
import { LineRows } from "../src/long/line-rows";
import { LongColumn } from "../src/long/long-column";
import { PixelColumns, type ScreenAxis } from "../src/long/pixel-columns";
import type { Numbers } from "../src/long/pyramid";
import { RowList } from "../src/long/row-list";

type Axis = [kind: "linear" | "log", sourceStart: number, sourceEnd: number, targetStart: number, targetEnd: number];
type Column = [shape: string, dtype: keyof typeof TYPES];

/** A view of two columns, and what the server chose from them: tests/dataplane/line_cases.py describes and writes them. */
interface Case {
  name: string;
  /** Before `dropped` rows went, and half as many came. */
  rows: number;
  dropped: number;
  x: Column;
  y: Column;
  columns: Axis;
  ratio: number;
  axis: Axis;
  ends: [from: number, to: number];
  fewest: number;
  chosen?: number[];
  count?: number;
  digest?: string;
}

const TYPES = {
  float64: Float64Array, float32: Float32Array, int32: Int32Array, uint32: Uint32Array,
  int16: Int16Array, uint16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
};

/** A number below 2**32 for a row, as if at random: the end of MurmurHash3. */
function mixed(row: number, seed: number): number {
  let h = Math.imul(row, 0x9e3779b1) + seed;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Gives the sum of the values up to a row, when called for each row in turn. */
function sums(of: (row: number) => number): (row: number) => number {
  let sum = 0;
  return (row) => (sum += of(row));
}

const SHAPES: Record<string, () => (row: number) => number> = {
  even: () => (row) => row,
  quarters: () => (row) => row / 4 - 100,
  repeated: () => (row) => Math.floor(row / 50),
  uneven: () => sums((row) => (mixed(row, 1) % 1000 === 0 ? 3000 : mixed(row, 1) % 16)),
  "from 1": () => (row) => row + 1,
  walk: () => {
    const sum = sums((row) => (mixed(row, 2) % 201) - 100);
    return (row) => sum(row) / 8;
  },
  noise: () => (row) => mixed(row, 3) / 2 ** 32,
  spikes: () => (row) => (mixed(row, 4) % 2401 === 0 ? mixed(row, 5) % 100 : 0),
  gaps: () => (row) => (mixed(row, 6) % 100 === 0 ? NaN : row % 977),
  "runs of NaN": () => (row) => (Math.floor(row / 150) % 7 === 0 ? NaN : mixed(row, 7) / 2 ** 32),
  thirds: () => (row) => (row % 3 === 0 ? NaN : mixed(row, 8) / 2 ** 32),
  infinities: () => (row) => (mixed(row, 9) % 250 === 0 ? ((mixed(row, 10) % 2) - 0.5) * Infinity : mixed(row, 9) / 2 ** 32),
  steps: () => (row) => Math.floor(row / 700) % 5,
  small: () => (row) => (mixed(row, 11) % 128) - 64,
  nothing: () => () => NaN,
  "around 0": () => (row) => ((mixed(row, 12) % 1000) - 50) / 16,
  "above 0": () => (row) => ((mixed(row, 13) % 100_000) + 1) / 16,
};

function column([shape, dtype]: Column, rows: number): Numbers {
  const valueOf = SHAPES[shape]!();
  return new TYPES[dtype](Array.from({ length: rows }, (_, row) => valueOf(row)));
}

/** Computes as BokehJS's LinearScale and LogScale do; the ranges of the cases need no mending. */
function axisOf([kind, sourceStart, sourceEnd, targetStart, targetEnd]: Axis): ScreenAxis {
  const ends = {
    start: Math.min(targetStart, targetEnd),
    end: Math.max(targetStart, targetEnd),
    descends: (sourceEnd - sourceStart) * (targetEnd - targetStart) < 0,
  };
  if (kind === "linear") {
    const factor = (targetEnd - targetStart) / (sourceEnd - sourceStart), offset = -(factor * sourceStart) + targetStart;
    return { ...ends, above: -Infinity, compute: (value) => factor * value + offset };
  }
  const factor = targetEnd - targetStart, logFactor = Math.log(sourceEnd / sourceStart), logOffset = Math.log(sourceStart);
  return {
    ...ends,
    above: 0,
    compute: (value) => {
      const part = (Math.log(value) - logOffset) / logFactor;
      return Number.isFinite(part) ? part * factor + targetStart : NaN;
    },
  };
}

const cases = JSON.parse(readFileSync(join(process.cwd(), "test/fixtures/line-rows.json"), "utf8")) as Case[];

for (const { name, rows, dropped, x, y, columns, ratio, axis, ends, fewest, ...expected } of cases) {
  test(`the page chooses the rows that the server chooses: ${name}`, () => {
    const all = rows + Math.floor(dropped / 2);
    const sorted = new LongColumn(column(x, all).subarray(dropped));
    const values = new LongColumn(column(y, rows));
    assert.equal(values.pyramid.end, rows);
    values.change(column(y, all).subarray(dropped), Object.assign(new ColumnChanges(), { dropped }));
    const list = new RowList();

    new LineRows(sorted, [values], axisOf(axis), true).add(list, new PixelColumns(axisOf(columns), ratio), ...ends, fewest, 0);

    const digest = createHash("sha256").update(list.rows).digest("hex").slice(0, 16);
    assert.deepEqual(expected.chosen ? { chosen: [...list.rows] } : { count: list.length, digest }, expected);
  });
}
