import { DTYPES } from "../columns/types";
import type { Edit } from "./edit";

type Values = ArrayLike<unknown>;
type Data = Map<string, Values>;

/** The edits that turn the columns `before` into `now`; `encode` encodes values as Bokeh's JSON. */
export function columnEdits(model: string, before: Data, now: Data, encode: (values: unknown) => unknown): Edit[] {
  const about = { model: { id: model }, attr: "data" };
  const removed = [...before.keys()].filter((name) => !now.has(name));
  const whole: [string, unknown][] = [];
  const patches: [string, unknown][] = [];
  const longer: [string, Values, number][] = [];
  for (const [name, values] of now) {
    const old = before.get(name);
    const first = old ? firstDifference(old, values) : 0;
    if (isGrid(values)) {
      if (!old || !isSame(old, values)) whole.push([name, encode(copyOf(values))]);
    } else if (!old) whole.push([name, encode(part(values, 0))]);
    else if (old.length === values.length) {
      if (first === old.length) continue;
      const end = lastDifference(old, values) + 1;
      const slice = { type: "slice", start: first, stop: end, step: null };
      patches.push([name, [[slice, encode(part(values, first, end))]]]);
    } else if (first === old.length) longer.push([name, values, first]);
    else whole.push([name, encode(part(values, 0))]);
  }
  // A stream appends the same number of rows to all columns.
  const isStream = longer.length === now.size && new Set(longer.map(([, { length }, first]) => length - first)).size < 2;
  if (!isStream) for (const [name, values] of longer) whole.push([name, encode(part(values, 0))]);
  const edits: Edit[] = [];
  if (whole.length > 0 || removed.length > 0) {
    edits.push({ kind: "ColumnDataChanged", ...about, data: Object.fromEntries(whole), removed });
  }
  if (patches.length > 0) edits.push({ kind: "ColumnsPatched", ...about, patches: Object.fromEntries(patches) });
  if (isStream && longer.length > 0) {
    const data = Object.fromEntries(longer.map(([name, values, first]) => [name, encode(part(values, first))]));
    edits.push({ kind: "ColumnsStreamed", ...about, data, rollover: null });
  }
  return edits;
}

/** A copy of some rows: the encoder writes the whole buffer of a typed array. */
function part(values: Values, start: number, end = values.length): unknown {
  const rows = Array.prototype.slice.call(values, start, end) as number[];
  if (!ArrayBuffer.isView(values)) return rows;
  const { dtype, constructor } = values as unknown as { dtype?: string; constructor: Float64ArrayConstructor };
  return ((DTYPES[dtype ?? ""] ?? constructor) as Float64ArrayConstructor).from(rows);
}

function firstDifference(a: Values, b: Values): number {
  const rows = Math.min(a.length, b.length);
  for (let i = 0; i < rows; i++) if (!isSame(a[i], b[i])) return i;
  return rows;
}

function lastDifference(a: Values, b: Values): number {
  let i = a.length - 1;
  while (i >= 0 && isSame(a[i], b[i])) i--;
  return i;
}

/** Whether two column values are equal; types of arrays do not matter. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (isList(a) || isList(b)) {
    if (!isList(a) || !isList(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!isSame(a[i], b[i])) return false;
    return true;
  }
  return JSON.stringify(a) === JSON.stringify(b);
}

/** An array of more than one dimension. */
function isGrid(values: Values): boolean {
  return ((values as { dimension?: number }).dimension ?? 1) > 1;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

/** A copy of a column's values, including rows that are arrays. */
export function copyOf(values: unknown): Values {
  const copy = (values as unknown[]).slice() as unknown[];
  if (ArrayBuffer.isView(values)) {
    const { shape, dimension } = values as { shape?: number[]; dimension?: number };
    if (shape) Object.assign(copy, { shape, dimension });
  } else copy.forEach((item, i) => isList(item) && (copy[i] = copyOf(item)));
  return copy;
}
