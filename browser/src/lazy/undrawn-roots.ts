import type { BokehDocument } from "../bokehjs/bokeh";
import { type Graph, type Patch, isStructural } from "../graph/graph";
import { fold } from "./fold";
import type { Failure } from "./failure";

/** The roots that could not be drawn, the current graph of their whole document, and whether to retry. */
export class UndrawnRoots {
  /** Whether something changed in the undrawn roots: retry. */
  isDue = false;
  #models: Set<string>;

  constructor(readonly graph: Graph, readonly failures: readonly Failure[]) {
    this.#models = this.#referenced();
  }

  /** Apply a patch to the graph; returns the part of it about models that are in BokehJS's document. */
  filter(patch: Patch, document: BokehDocument): Patch {
    fold(this.graph, structuredClone(patch));
    const events = patch.events ?? [];
    const changesRoots = events.some(({ kind }) => kind === "RootAdded" || kind === "RootRemoved");
    if (changesRoots || events.some(isStructural) || patch.config || patch.callbacks || patch.resources || patch.defs) {
      this.#models = this.#referenced();
    }
    this.isDue ||= changesRoots || events.some(({ model }) => this.#models.has(model?.id ?? ""));
    const has = (id: string | undefined) => id === undefined || document.get_model_by_id(id) !== null;
    return { ...patch, events: events.filter(({ kind, model }) => kind === "RootAdded" || has(model?.id)) };
  }

  /** Note that the columns of a source changed. */
  sourceChanged(source: string): void {
    this.isDue ||= this.#models.has(source);
  }

  /** Ids of all models that the undrawn roots reference. */
  #referenced(): Set<string> {
    const roots = this.failures.map(({ root }) => root);
    const ids = new Set(roots.includes("") ? Object.keys(this.graph.models) : roots);
    for (const id of ids) {
      for (const [, other] of JSON.stringify(this.graph.models[id] ?? null).matchAll(/"id":"([^"]*)"/g)) ids.add(other!);
    }
    return ids;
  }
}
