import type { BokehDocument, Source } from "../bokehjs/bokeh";
import { callbacksBegun, idsInCallbacks } from "../bokehjs/documents";
import { applyPatch } from "../bokehjs/patch";
import { removeColumns } from "../bokehjs/sources";
import { columnsRep } from "../bokehjs/values";
import type { PageEdits } from "../edits/page-edits";
import { type Patch, bringsModels } from "../graph/graph";
import type { StaleViews } from "../lazy/stale-views";
import type { Undrawn } from "../lazy/undrawn";
import { Touched } from "../sources/touched";
import { refreshTables, updateSource } from "../sources/update-source";
import type { LiveQueue } from "./live-queue";

/** Tells a document of BokehJS what is new. */
export class Teller {
  constructor(private readonly queue: LiveQueue, private readonly edits: PageEdits | null) {}

  /** A source's columns, for JSON that BokehJS reads; null if it has none. */
  readonly dataOf = (model: string): object | null => {
    if (!this.queue.columns.has(model)) return null;
    const columns = [...this.queue.columns.columns(model)];
    return columnsRep(Object.fromEntries(columns.map(([name, column]) => [name, column.value()])));
  };

  /**
   * Tell it in the order in which it came: patches, and what became of each source where it was touched last.
   * Callbacks of one step see nothing of the next. Columns that are gone come last, because until a patch is applied its
   * models may still ask for them. Returns the patches.
   */
  async tell(
    document: BokehDocument, views: { stale: StaleViews | null; undrawn: Undrawn | null },
  ): Promise<Patch[]> {
    const { edits } = this;
    const { seq } = this.queue;
    const sourceOf = ({ model }: Touched) => document.get_model_by_id(model) as Source | null;
    const { patches: patched, touched: all } = this.queue.takeNews();
    for (const { model } of all) views.undrawn?.touched(model);
    // Sources that a patch brings have all columns from the start.
    const touched = all.filter(sourceOf);
    const steps = [...patched, ...touched].sort((a, b) => a.at - b.at);
    const later = new Set(touched);
    const patches: Patch[] = [];
    const apply = (given: Patch) => {
      const patch = views.undrawn?.admitted(given, document) ?? given;
      patches.push(patch);
      const brings = bringsModels(patch);
      for (const what of later) {
        const source = sourceOf(what);
        // What a patch builds, or turns to another column, reads it at once.
        if (!source || !(brings || [...what.columns].some((name) => !Object.hasOwn(source.data, name)))) continue;
        later.delete(what);
        this.#updateSource(source, what, false);
      }
      views.stale?.takeOut(patch);
      const change = () => applyPatch(document, patch, this.dataOf);
      if (edits) edits.applying(patch, change);
      else change();
    };
    const due = edits?.takeDue();
    if (due) apply(due);
    for (const step of steps) {
      if (step !== steps[0]) await callbacksBegun();
      if (this.queue.isBroken) return patches;
      if (step instanceof Touched) {
        later.delete(step);
        const source = sourceOf(step);
        if (source && this.#updateSource(source, step)) refreshTables(document, source);
      } else apply(edits?.admitted(step.patch, step.seq) ?? step.patch);
    }
    for (const what of touched) {
      const source = sourceOf(what);
      if (source && what.removed.size > 0 && !edits?.keepsColumns(source)) removeColumns(source, what.removed);
    }
    edits?.passed(seq);
    this.#reconcile(document);
    if (patches.length > 0 && !views.undrawn) this.#forgetColumns(document);
    return patches;
  }

  /** Whether BokehJS was told: not of columns that the page itself has changed, which is yet to come. */
  #updateSource(source: Source, touched: Touched, isTold?: boolean): boolean {
    const { edits } = this;
    if (edits?.keepsColumns(source) || edits?.isApart(source)) return false;
    const owned = (values: unknown) => edits?.owned(source, values) ?? values;
    updateSource(source, this.queue.columns.columns(source.id), touched, owned, isTold);
    edits?.agree(source, touched.columns);
    return true;
  }

  /** Sources that the page has changed, once the history has come to that. */
  #reconcile(document: BokehDocument): void {
    for (const id of this.edits?.takeSettled() ?? []) {
      const source = document.get_model_by_id(id) as Source | null;
      if (!source || !this.edits!.reconcile(source, this.queue.columns.columns(id))) continue;
      refreshTables(document, source);
    }
  }

  /** Those of models that patches have taken out; callbacks of the document itself hold models too. */
  #forgetColumns(document: BokehDocument): void {
    const ids = idsInCallbacks(document);
    this.queue.columns.keep((model) => document.get_model_by_id(model) !== null || ids.has(model));
  }
}
