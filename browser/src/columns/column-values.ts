import type { Op } from "../arrow/op";

/** A column's rows in memory, and the value that BokehJS is given for them. */
export interface ColumnValues {
  readonly rows: number;
  append(op: Op): void;
  write(op: Op): void;
  drop(rows: number): void;
  /** For `source.data`: a new object (over the same memory where possible) at each call. */
  value(): unknown;
}
