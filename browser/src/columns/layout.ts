/** What a column's rows are; the same for all of its ops. */
export interface Layout {
  dtype: string;
  /** Trailing dimensions of a row: -1 for each ragged level, then the fixed ones. */
  shape: readonly number[];
  /** How many outer nesting levels were Python lists: those are JS Arrays. */
  list: number;
}
