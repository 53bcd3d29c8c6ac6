import type { BokehDocument, Model, Source } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";
import { copyOf } from "./column-diff";

/** Models that change columns of sources that they reference. */
const WRITERS = new Set([
  "CustomJS", "PointDrawTool", "PolyDrawTool", "PolyEditTool", "BoxEditTool", "FreehandDrawTool", "LineEditTool",
]);

/**
 * Sources whose columns the page may change. BokehJS changes arrays in place, so it gets copies. A mirror keeps the last
 * values common to server and page, including those that the page has sent.
 */
export class EditableSources {
  #mirrors = new Map<string, Map<string, ArrayLike<unknown>>>();

  /** Find these sources. */
  refresh(document: BokehDocument): void {
    const before = this.#mirrors;
    this.#mirrors = new Map();
    for (const model of allModels(document).values()) {
      if (!writes(model)) continue;
      for (const source of model.references()) {
        if (!isSource(source) || this.#mirrors.has(source.id)) continue;
        const known = before.get(source.id);
        this.#mirrors.set(source.id, known ?? new Map());
        if (!known) this.#own(source, Object.keys(source.data));
      }
    }
  }

  /** The mirror of a source's columns; undefined if the source is not editable. */
  mirror({ id }: Model): Map<string, ArrayLike<unknown>> | undefined {
    return this.#mirrors.get(id);
  }

  /** Give BokehJS copies of columns. */
  #own(source: Source, names: Iterable<string>): void {
    for (const name of names) if (Object.hasOwn(source.data, name)) source.data[name] = copyOf(source.data[name]);
    this.agree(source);
  }

  /** Copy columns to the mirror. */
  agree(source: Source, names: Iterable<string> = Object.keys(source.data)): void {
    const mirror = this.#mirrors.get(source.id);
    if (!mirror) return;
    for (const name of mirror.keys()) if (!Object.hasOwn(source.data, name)) mirror.delete(name);
    for (const name of names) if (Object.hasOwn(source.data, name)) mirror.set(name, copyOf(source.data[name]));
  }
}

function writes(model: Model): boolean {
  return WRITERS.has(model.type) || (model.type === "DataTable" && (model as { editable?: boolean }).editable === true);
}

function isSource(model: Model): model is Source {
  return "data" in model.properties && "streaming" in model && "patching" in model;
}
