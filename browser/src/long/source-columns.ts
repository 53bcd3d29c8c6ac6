import { DTYPES, type TypedArray } from "../columns/types";
import { ColumnChanges } from "./column-changes";
import { LongColumn } from "./long-column";
import type { Numbers } from "./pyramid";

const known = new WeakMap<object, SourceColumns>();

/**
 * What is computed from the long columns of a source, for all glyphs that draw them. Column ops keep it up; if anything
 * else changes the source, it is computed anew.
 */
export class SourceColumns {
  #columns = new Map<string, { value: unknown; column: LongColumn }>();
  #isUpdating = false;
  /** Counts changes. */
  version = 0;

  static of(source: object): SourceColumns {
    let columns = known.get(source);
    if (!columns) known.set(source, (columns = new SourceColumns()));
    return columns;
  }

  /** A column whose value is one-dimensional numbers; null for others. */
  column(name: string, value: unknown): LongColumn | null {
    const found = this.#columns.get(name);
    if (found && found.value === value) return found.column;
    const numbers = numbersOf(value);
    if (!numbers) return null;
    const column = new LongColumn(numbers);
    this.#columns.set(name, { value, column });
    return column;
  }

  /** A column that has the same value in all rows. */
  constant(value: number, rows: number): LongColumn {
    const name = `\0${value}`;
    const found = this.#columns.get(name)?.column;
    if (found?.length === rows) return found;
    const column = new LongColumn(new Float64Array(rows).fill(value));
    this.#columns.set(name, { value, column });
    return column;
  }

  /** Run `update`, which signals what changed() will have told. */
  updating(update: () => void): void {
    this.#isUpdating = true;
    this.version++;
    try {
      update();
    } finally {
      this.#isUpdating = false;
    }
  }

  /** BokehJS has signalled a change of the source. */
  signalled(): void {
    if (this.#isUpdating) return;
    this.version++;
    this.#columns.clear();
  }

  /** Columns have these values now; `changes` says what changed in them since the last call. */
  changed(values: Readonly<Record<string, unknown>>, changes: Map<string, ColumnChanges>): void {
    for (const [name, value] of Object.entries(values)) {
      const found = this.#columns.get(name);
      const numbers = found ? numbersOf(value) : null;
      if (!found || !numbers) {
        this.#columns.delete(name);
        continue;
      }
      found.value = value;
      found.column.change(numbers, changes.get(name) ?? new ColumnChanges());
    }
    changes.clear();
  }
}

/** Numbers in one dimension; a list is copied. */
function numbersOf(value: unknown): Numbers | null {
  if (Array.isArray(value)) return value.every((item) => typeof item === "number") ? Float64Array.from(value as number[]) : null;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return null;
  const array = value as TypedArray & { dtype?: string; dimension?: number };
  const kind = DTYPES[array.dtype ?? "float64"];
  if (!kind || array.BYTES_PER_ELEMENT !== kind.BYTES_PER_ELEMENT || (array.dimension ?? 1) !== 1) return null;
  // An array of the language's own class is read faster than BokehJS's.
  return new kind(array.buffer, array.byteOffset, array.length);
}
