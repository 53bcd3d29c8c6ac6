import type { TypedArray } from "../columns/types";
import type { Source } from "./bokeh";

/** The given rows of a source, as far as glyphs ask for them. Number columns are NaN where a row is negative. */
export class PickedSource {
  constructor(private readonly source: Source, private readonly rows: ArrayLike<number>) {}

  get_length(): number {
    return this.rows.length;
  }

  get_column(name: string): unknown {
    if (!Object.hasOwn(this.source.data, name)) return null;
    const column = this.source.data[name] as ArrayLike<unknown>;
    const { rows } = this;
    const { shape, dtype } = column as { shape?: number[]; dtype?: string };
    if (shape && shape.length > 1) return pickBlocks(column as never, shape, rows);
    if (Array.isArray(column)) return Array.from(rows, (row) => column[Math.max(row, 0)]);
    const picked: ArrayLike<unknown> & Record<number, unknown> = dtype?.startsWith("float") || dtype === undefined
      ? new Float64Array(rows.length)
      : new (Object.getPrototypeOf((column as object).constructor) as new (length: number) => TypedArray)(rows.length);
    for (let i = 0; i < rows.length; i++) picked[i] = rows[i]! < 0 ? NaN : column[rows[i]!];
    return picked;
  }

  get_array(name: string): unknown {
    return this.get_column(name);
  }
}

/** Rows that are arrays themselves, as colours may be. */
function pickBlocks(column: TypedArray & { slice(): unknown }, shape: number[], rows: ArrayLike<number>): unknown {
  const each = column.length / shape[0]!;
  const kind = column.constructor as new (values: TypedArray, shape: number[]) => unknown;
  const plain = Object.getPrototypeOf(kind) as new (length: number) => TypedArray;
  const picked = new plain(rows.length * each);
  for (let i = 0; i < rows.length; i++) {
    const start = Math.max(rows[i]!, 0) * each;
    for (let k = 0; k < each; k++) picked[i * each + k] = column[start + k]!;
  }
  return new kind(picked, [rows.length, ...shape.slice(1)]);
}
