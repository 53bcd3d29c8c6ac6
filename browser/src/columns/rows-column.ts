import type { Op } from "../arrow/op";
import type { ColumnValues } from "./column-values";
import type { Host } from "./host";
import type { Layout } from "./layout";
import { raggedRows } from "./ragged-rows";

/** Rows that are objects of their own: texts, factors, JSON, nested and ragged values. */
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

  /** A copy: what scripts of the document do to it must not shift the rows that later ops count. */
  value(): unknown {
    return this.#items.slice();
  }
}
