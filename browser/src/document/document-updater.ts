import type { BokehDocument, Source } from "../bokehjs/bokeh";
import { callbacksRun, idsInCallbacks } from "../bokehjs/documents";
import { applyPatch } from "../bokehjs/patch";
import { removeColumns } from "../bokehjs/sources";
import { columnsRep } from "../bokehjs/values";
import type { PageEdits } from "../edits/page-edits";
import { type Patch, isStructuralPatch } from "../graph/graph";
import type { StaleViews } from "../lazy/stale-views";
import type { UndrawnRoots } from "../lazy/undrawn-roots";
import { SourceChanges } from "../sources/source-changes";
import { refreshTables, updateSource } from "../sources/update-source";
import type { LiveQueue } from "./live-queue";

/** Applies queued patches and source changes to a BokehJS document. */
export class DocumentUpdater {
  constructor(private readonly queue: LiveQueue, private readonly edits: PageEdits | null) {}

  /** JSON of a source's columns for BokehJS; null if the model has none. */
  readonly dataOf = (model: string): object | null => {
    if (!this.queue.columns.has(model)) return null;
    const columns = [...this.queue.columns.columns(model)];
    return columnsRep(Object.fromEntries(columns.map(([name, column]) => [name, column.value()])));
  };

  /**
   * Apply them in order; a source counts by its last change. Callbacks of one step run before the next. Removed
   * columns go last, because models may use them until a patch is applied. Returns the patches.
   */
  async update(
    document: BokehDocument, views: { stale: StaleViews | null; undrawn: UndrawnRoots | null },
  ): Promise<Patch[]> {
    const { edits } = this;
    const { seq } = this.queue;
    const sourceOf = ({ model }: SourceChanges) => document.get_model_by_id(model) as Source | null;
    const { patches: patched, sources: all } = this.queue.take();
    for (const { model } of all) views.undrawn?.sourceChanged(model);
    // A source that a patch creates gets all columns with it.
    const sources = all.filter(sourceOf);
    const steps = [...patched, ...sources].sort((a, b) => a.position - b.position);
    const later = new Set(sources);
    const patches: Patch[] = [];
    const apply = (whole: Patch) => {
      const patch = views.undrawn?.filter(whole, document) ?? whole;
      patches.push(patch);
      const isStructural = isStructuralPatch(patch);
      for (const changes of later) {
        const source = sourceOf(changes);
        // New views, and glyphs that get another column, read values at once.
        if (!source || !(isStructural || [...changes.columns].some((name) => !Object.hasOwn(source.data, name)))) continue;
        later.delete(changes);
        this.#updateSource(source, changes, false);
      }
      views.stale?.disconnect(patch);
      const change = () => applyPatch(document, patch, this.dataOf);
      if (edits) edits.apply(patch, change);
      else change();
    };
    const due = edits?.takeDue();
    if (due) apply(due);
    for (const step of steps) {
      if (step !== steps[0]) await callbacksRun();
      if (this.queue.isBroken) return patches;
      if (step instanceof SourceChanges) {
        later.delete(step);
        const source = sourceOf(step);
        if (source && this.#updateSource(source, step)) refreshTables(document, source);
      } else apply(edits?.filter(step.patch, step.seq) ?? step.patch);
    }
    for (const changes of sources) {
      const source = sourceOf(changes);
      if (source && changes.removed.size > 0 && !edits?.keepsColumns(source)) removeColumns(source, changes.removed);
    }
    edits?.received(seq);
    this.#reconcile(document);
    if (patches.length > 0 && !views.undrawn) this.#forgetColumns(document);
    return patches;
  }

  /** Update a source, unless the page itself has changed it: #reconcile() does that. Returns whether it did. */
  #updateSource(source: Source, changes: SourceChanges, emits?: boolean): boolean {
    const { edits } = this;
    if (edits?.keepsColumns(source) || edits?.hasDiverged(source)) return false;
    const owned = (values: unknown) => edits?.owned(source, values) ?? values;
    updateSource(source, this.queue.columns.columns(source.id), changes, owned, emits);
    edits?.agree(source, changes.columns);
    return true;
  }

  /** Give sources that the page changed the server's columns, once the page's edits are among the changes received. */
  #reconcile(document: BokehDocument): void {
    for (const id of this.edits?.takeSettled() ?? []) {
      const source = document.get_model_by_id(id) as Source | null;
      if (!source || !this.edits!.reconcile(source, this.queue.columns.columns(id))) continue;
      refreshTables(document, source);
    }
  }

  /** Forget the columns of removed models. The document's own callbacks may keep models, too. */
  #forgetColumns(document: BokehDocument): void {
    const ids = idsInCallbacks(document);
    this.queue.columns.keep((model) => document.get_model_by_id(model) !== null || ids.has(model));
  }
}
