import type { BokehDocument } from "../document/bokeh";
import type { PatchEvent } from "../document/graph";
import type { Edit } from "./edit";
import { type Range, isComputed, isView } from "./view-state";

/**
 * Ranges that BokehJS computes from the data (DataRange1d), in a document that shares its view. Each page computes
 * them for itself until somebody moves one: from then on it is where it was moved to, in all pages, until a reset.
 */
export class SharedRanges {
  /** Ids of those that were moved. */
  readonly #moved = new Set<string>();

  /** The document begins: what was moved before is moved here, too. */
  begin(document: BokehDocument): void {
    this.#moved.clear();
    for (const model of document._all_models.values()) {
      if (isComputed(model) && !model.properties.start!.is_unset && !Number.isNaN((model as Range).start)) {
        this.#settle(model as Range);
      }
    }
  }

  /** What becomes of a change of start or end in this page; null: nothing that others should see. */
  edit(range: Range, edit: Edit): Edit | null {
    if (!isComputed(range)) return edit;
    if (range.have_updated_interactively) {
      this.#moved.add(range.id);
      return edit;
    }
    // It was reset, and is computed again.
    if (!this.#moved.has(range.id)) return null;
    return { kind: edit.kind, model: { id: range.id }, attr: edit.attr!, unset: true };
  }

  /** After all changes of a reset. */
  isReset(range: Range): void {
    if (isComputed(range) && !range.have_updated_interactively) this.#moved.delete(range.id);
  }

  /** After a patch of somebody else was applied. */
  applied(document: BokehDocument, events: readonly PatchEvent[]): void {
    for (const { kind, model, attr, unset } of events) {
      const range = kind === "ModelChanged" ? document.get_model_by_id(model!.id) as Range | null : null;
      if (!range || !isComputed(range) || !isView(range, attr!)) continue;
      if (unset) this.#reset(range);
      else this.#settle(range);
    }
  }

  #settle(range: Range): void {
    this.#moved.add(range.id);
    range.have_updated_interactively = true;
    range._initial_start = range._initial_end = null;
  }

  #reset(range: Range): void {
    this.#moved.delete(range.id);
    range._initial_start = range._initial_end = null;
    range.reset();
    for (const plot of range.linked_plots ?? []) plot.invalidate_dataranges = true;
    range.change?.emit();
  }
}
