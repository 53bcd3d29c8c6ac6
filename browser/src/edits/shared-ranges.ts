import type { BokehDocument } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";
import { type Range, unpinRange, isComputed, pinRange } from "../bokehjs/ranges";
import { RecentInput } from "../dom/recent-input";
import type { PatchEvent } from "../graph/graph";
import type { Edit } from "./edit";
import { isView } from "./view-state";

/**
 * Ranges of a document that shares its view. Each page computes a DataRange1d from the data, until a viewer moves it:
 * then all pages have its bounds, until a reset.
 */
export class SharedRanges {
  /** Ids of moved ranges. */
  readonly #moved = new Set<string>();
  readonly #input = new RecentInput();

  /** Start with a document; ranges may have been moved before. */
  begin(document: BokehDocument): void {
    this.#moved.clear();
    for (const model of allModels(document).values()) {
      if (isComputed(model) && !model.properties.start!.is_unset && !Number.isNaN((model as Range).start)) {
        this.#pin(model as Range);
      }
    }
  }

  /**
   * The edits to send for a changed range. Call it after BokehJS has finished: while BokehJS 3.10 sets computed bounds,
   * the range counts as moved.
   */
  edits(range: Range, document: BokehDocument): Edit[] {
    const { id, start, end, have_updated_interactively } = range;
    const edit = (attr: string, what: object) => ({ kind: "ModelChanged", model: { id }, attr, ...what });
    // BokehJS fits ranges of maps to the plot's size, which differs: pages would correct each other for ever.
    if (hasTiles(document) && !this.#input.isRecent) return [];
    if (!isComputed(range) || have_updated_interactively) {
      this.#moved.add(id);
      return [edit("start", { new: start }), edit("end", { new: end })];
    }
    // A range that was moved before has been reset.
    return this.#moved.delete(id) ? ["start", "end"].map((attr) => edit(attr, { unset: true })) : [];
  }

  /** Call after a patch from the server was applied. */
  applied(document: BokehDocument, events: readonly PatchEvent[]): void {
    for (const { kind, model, attr, unset } of events) {
      const range = kind === "ModelChanged" ? document.get_model_by_id(model!.id) as Range | null : null;
      if (!range || !isComputed(range) || !isView(range, attr!)) continue;
      if (unset) {
        this.#moved.delete(range.id);
        unpinRange(range);
      } else this.#pin(range);
    }
  }

  #pin(range: Range): void {
    this.#moved.add(range.id);
    pinRange(range);
  }
}

function hasTiles(document: BokehDocument): boolean {
  return [...allModels(document).values()].some(({ type }) => type === "TileRenderer");
}
