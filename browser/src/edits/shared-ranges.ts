import type { BokehDocument } from "../bokehjs/bokeh";
import { allModels } from "../bokehjs/documents";
import { type Range, computeAgain, isComputed, stayMoved } from "../bokehjs/ranges";
import { RecentInput } from "../dom/attention";
import type { PatchEvent } from "../graph/graph";
import type { Edit } from "./edit";
import { isView } from "./view-state";

/**
 * Ranges of a document that shares its view. Those that BokehJS computes from the data (DataRange1d) each page computes
 * them for itself until somebody moves one: from then on it is where it was moved to, in all pages, until a reset.
 */
export class SharedRanges {
  /** Ids of those that were moved. */
  readonly #moved = new Set<string>();
  readonly #input = new RecentInput();

  /** The document begins: what was moved before is moved here, too. */
  begin(document: BokehDocument): void {
    this.#moved.clear();
    for (const model of allModels(document).values()) {
      if (isComputed(model) && !model.properties.start!.is_unset && !Number.isNaN((model as Range).start)) {
        this.#settle(model as Range);
      }
    }
  }

  /**
   * What others should see of what became of a range. To be asked when BokehJS is done with it: while it sets what it
   * has computed, BokehJS 3.10 takes it for moved.
   */
  edits(range: Range, document: BokehDocument): Edit[] {
    const { id, start, end, have_updated_interactively } = range;
    const edit = (attr: string, what: object) => ({ kind: "ModelChanged", model: { id }, attr, ...what });
    // BokehJS makes ranges of maps fit the plot, which has another size in each page: pages would fight for ever.
    if (hasTiles(document) && !this.#input.isRecent) return [];
    if (!isComputed(range) || have_updated_interactively) {
      this.#moved.add(id);
      return [edit("start", { new: start }), edit("end", { new: end })];
    }
    // If it was moved before, it was reset, and is computed again.
    return this.#moved.delete(id) ? ["start", "end"].map((attr) => edit(attr, { unset: true })) : [];
  }

  /** After a patch of somebody else was applied. */
  applied(document: BokehDocument, events: readonly PatchEvent[]): void {
    for (const { kind, model, attr, unset } of events) {
      const range = kind === "ModelChanged" ? document.get_model_by_id(model!.id) as Range | null : null;
      if (!range || !isComputed(range) || !isView(range, attr!)) continue;
      if (unset) {
        this.#moved.delete(range.id);
        computeAgain(range);
      } else this.#settle(range);
    }
  }

  #settle(range: Range): void {
    this.#moved.add(range.id);
    stayMoved(range);
  }
}

function hasTiles(document: BokehDocument): boolean {
  return [...allModels(document).values()].some(({ type }) => type === "TileRenderer");
}
