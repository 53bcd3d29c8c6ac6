import type { BokehDocument, BokehJS, Model } from "../bokehjs/bokeh";
import { ViewWatch } from "../bokehjs/view-watch";
import type { Graph } from "../graph/graph";
import { type Failure, label, reason } from "./failure";

/** Draws of a document what can be drawn, and finds out why the rest cannot. */
export class InPart {
  readonly failures: Failure[] = [];
  readonly #watch: ViewWatch;

  constructor(private readonly bokeh: BokehJS, private readonly graph: Graph) {
    this.#watch = new ViewWatch(bokeh);
  }

  /** A document of all roots of which BokehJS can make models; `make` makes it of a graph, `discard` undoes that. */
  document(make: (graph: Graph) => BokehDocument, discard: (document: BokehDocument) => void): BokehDocument {
    try {
      return make(this.graph);
    } catch {
      // Each root alone says whether it is the one.
    }
    const rest = { config: null, callbacks: null };
    const roots = this.graph.roots.filter((root) => {
      try {
        discard(make({ ...this.graph, ...rest, roots: [root] }));
        return true;
      } catch (error) {
        this.#fail(root, root, reason(this.bokeh, [], error));
        return false;
      }
    });
    try {
      return make({ ...this.graph, roots });
    } catch (error) {
      if (roots.length === this.graph.roots.length) this.#fail("", "", reason(this.bokeh, [], error));
      return make({ ...this.graph, ...rest, roots });
    }
  }

  /** Have views drawn, and meanwhile see which of them throw. */
  watch(draw: () => Promise<unknown>): Promise<void> {
    return this.#watch.during(draw);
  }

  /** The view of a root could not be drawn: what there is of it is not to follow its models. */
  failed(document: BokehDocument, root: Model, error: unknown): void {
    const views = this.#watch.views.filter((view) => view.root.model === root);
    const isOfDocument = ({ id }: Model) => document.get_model_by_id(id) !== null;
    const failing: Model[] = [];
    for (let view = this.#watch.whichThrew(error) ?? views.at(-1) ?? null; view; view = view.parent) {
      if (view.model !== root && isOfDocument(view.model)) failing.push(view.model);
    }
    for (const one of views) one.disconnect_signals();
    this.#fail(root.id, (failing[0] ?? root).id, reason(this.bokeh, failing, error));
  }

  #fail(root: string, model: string, why: string): void {
    const what = root === "" ? "What the document does by itself" : label(this.graph, root);
    const because = model === root ? "" : `, because of its ${label(this.graph, model)}`;
    const text = `${what} cannot be drawn${because}: ${why}`;
    // A document may be shown in several places.
    if (!this.failures.some((failure) => failure.text === text)) this.failures.push({ root, model, text });
  }
}
