import type { BokehDocument } from "../bokehjs/bokeh";
import { type Graph, type Patch, isOfModels } from "../graph/graph";
import { fold } from "./fold";
import type { Failure } from "./failure";

/** A document of which not all is drawn: what it is as a whole, kept current, and whether that should be tried again. */
export class Undrawn {
  /** Whether something changed in what could not be drawn. */
  isDue = false;
  #concerned: Set<string>;

  constructor(readonly graph: Graph, readonly failures: readonly Failure[]) {
    this.#concerned = this.#reached();
  }

  /** Take in a patch; returns what of it is about models that the document has. */
  admitted(patch: Patch, document: BokehDocument): Patch {
    fold(this.graph, structuredClone(patch));
    const events = patch.events ?? [];
    const isOfRoots = events.some(({ kind }) => kind === "RootAdded" || kind === "RootRemoved");
    if (isOfRoots || events.some(isOfModels) || patch.config || patch.callbacks || patch.resources || patch.defs) {
      this.#concerned = this.#reached();
    }
    this.isDue ||= isOfRoots || events.some(({ model }) => this.#concerned.has(model?.id ?? ""));
    const has = (id: string | undefined) => id === undefined || document.get_model_by_id(id) !== null;
    return { ...patch, events: events.filter(({ kind, model }) => kind === "RootAdded" || has(model?.id)) };
  }

  /** The columns of a source changed. */
  touched(source: string): void {
    this.isDue ||= this.#concerned.has(source);
  }

  /** All that the roots lead to which are not drawn. */
  #reached(): Set<string> {
    const roots = this.failures.map(({ root }) => root);
    const found = new Set(roots.includes("") ? Object.keys(this.graph.models) : roots);
    for (const id of found) {
      for (const [, other] of JSON.stringify(this.graph.models[id] ?? null).matchAll(/"id":"([^"]*)"/g)) found.add(other!);
    }
    return found;
  }
}
