import type { Source } from "./bokeh";

/** The given rows of a source, as far as glyphs ask for them. */
export class PickedSource {
  constructor(private readonly source: Source, private readonly rows: ArrayLike<number>) {}

  get_length(): number {
    return this.rows.length;
  }

  get_column(name: string): unknown[] | null {
    if (!Object.hasOwn(this.source.data, name)) return null;
    const column = this.source.data[name] as ArrayLike<unknown>;
    return Array.from(this.rows, (row) => column[row]);
  }
}
