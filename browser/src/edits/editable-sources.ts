import type { BokehDocument, Model, Source } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";
import { copyOf } from "./column-diff";

/** Models that write into the columns of sources that they lead to. */
const WRITERS = new Set([
  "CustomJS", "PointDrawTool", "PolyDrawTool", "PolyEditTool", "BoxEditTool", "FreehandDrawTool", "LineEditTool",
]);

/**
 * Sources whose columns may be changed in the page. BokehJS does so in place: it gets copies, and a mirror keeps what
 * the server and the page last agreed on, or the page has told it.
 */
export class EditableSources {
  #mirrors = new Map<string, Map<string, ArrayLike<unknown>>>();

  /** See which sources they are. */
  look(document: BokehDocument): void {
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

  /** What the columns were; undefined if the source is not an editable one. */
  mirror({ id }: Model): Map<string, ArrayLike<unknown>> | undefined {
    return this.#mirrors.get(id);
  }

  /** Columns were put into the source: BokehJS gets them in memory of its own. */
  #own(source: Source, names: Iterable<string>): void {
    for (const name of names) if (Object.hasOwn(source.data, name)) source.data[name] = copyOf(source.data[name]);
    this.agree(source);
  }

  /** Server and page are at one about the columns now. */
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
