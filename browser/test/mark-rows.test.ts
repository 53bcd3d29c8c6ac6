import assert from "node:assert/strict";
import { test } from "node:test";
import { type Marks, MarkRows } from "../src/long/mark-rows";
import { PixelColumns } from "../src/long/pixel-columns";
import { RowList } from "../src/long/row-list";

const ROWS = 200_000, WIDTH = 400, HEIGHT = 200;
const x = Float64Array.from({ length: ROWS }, (_, i) => (i * WIDTH) / ROWS);
let seed = 1;
const y = Float64Array.from({ length: ROWS }, () => ((seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff) * HEIGHT);
const axis = (end: number) => ({ start: 0, end, descends: false, above: -Infinity, compute: (value: number) => value });
const columns = new PixelColumns(axis(WIDTH), 2), pixels = new PixelColumns(axis(HEIGHT), 2);
const usual: Marks = { reach: 4, fewest: 1000, most: Infinity, doublings: 0, deep: 1, sizes: null };

function chosen(marks: Partial<Marks>, isWanted: ((row: number) => boolean) | null = null) {
  const rows = new RowList(), marksOf = new MarkRows();
  const isExact = marksOf.add(rows, columns, x, { values: y, pixels }, { ...usual, ...marks }, isWanted);
  return { rows: [...rows.rows], isExact, layers: marksOf.layers };
}

const sum = (layers: Uint16Array) => layers.reduce((total, count) => total + count, 0);
const cell = (row: number, side = 1) => `${Math.floor(columns.of(x[row]!) / side)} ${Math.floor(pixels.of(y[row]!) / side)}`;

test("the last row of each cell is drawn, and stands for all that are in it", () => {
  const { rows, isExact, layers } = chosen({});
  const last = new Map<string, number>(), counts = new Map<string, number>();
  for (let row = 0; row < ROWS; row++) {
    last.set(cell(row), row);
    counts.set(cell(row), (counts.get(cell(row)) ?? 0) + 1);
  }
  assert.deepEqual(rows, [...last.values()].sort((a, b) => a - b));
  assert.deepEqual([...layers!], rows.map((row) => counts.get(cell(row))));
  assert.equal(isExact, true);
});

test("where there would be too many, cells are larger", () => {
  const { rows, isExact, layers } = chosen({ most: 10_000, doublings: 10 });
  assert.ok(rows.length > 2500 && rows.length <= 10_000);
  assert.equal(sum(layers!), ROWS);
  assert.equal(isExact, false);
});

test("cells are not larger than they may be", () => {
  const { rows } = chosen({ most: 10, doublings: 2 });
  const cells = new Set(Array.from({ length: ROWS }, (_, row) => cell(row, 4)));
  assert.ok(Math.abs(rows.length - cells.size) < 0.02 * cells.size);
});

test("rows that are not wanted neither are drawn nor count", () => {
  const { rows, layers } = chosen({}, (row) => row % 3 === 0);
  assert.ok(rows.every((row) => row % 3 === 0));
  assert.equal(sum(layers!), Math.ceil(ROWS / 3));
});

test("few rows are all drawn, each for itself", () => {
  const { rows, isExact, layers } = chosen({ fewest: ROWS }, (row) => row < 10);
  assert.deepEqual(rows, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(isExact, true);
  assert.equal(layers, null);
});

test("a small mark does not hide a large one", () => {
  const sizes = new Float64Array(ROWS).fill(2);
  sizes[5] = 9;
  assert.ok(chosen({ sizes, most: 100, doublings: 10 }).rows.includes(5));
});

test("of many that are each larger than the next, few are drawn", () => {
  const sizes = Float64Array.from({ length: ROWS }, (_, i) => 21 - (20 * i) / ROWS);
  assert.ok(chosen({ sizes, most: 10_000, doublings: 10 }).rows.length <= 10_000);
  assert.ok(chosen({ sizes, most: 10, doublings: 10 }).rows.length < 1000);
});

test("marks through which others shine are drawn as often as that can be seen", () => {
  const { rows } = chosen({ deep: 3 });
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(cell(row), (counts.get(cell(row)) ?? 0) + 1);
  assert.deepEqual(new Set(counts.values()), new Set([1, 2, 3]));
});
