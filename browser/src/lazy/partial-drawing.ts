import type { BokehDocument, BokehJS, Model } from "../bokehjs/bokeh";
import { ViewRecorder } from "../bokehjs/view-recorder";
import type { Graph } from "../graph/graph";
import { type Failure, label, reason } from "./failure";

/** Draws the roots of a document that can be drawn, and finds out why the others cannot. */
export class PartialDrawing {
  readonly failures: Failure[] = [];
  readonly #recorder: ViewRecorder;

  constructor(private readonly bokeh: BokehJS, private readonly graph: Graph) {
    this.#recorder = new ViewRecorder(bokeh);
  }

  /** Create a document from the roots whose models BokehJS can create. `discard` undoes `make`. */
  document(make: (graph: Graph) => BokehDocument, discard: (document: BokehDocument) => void): BokehDocument {
    try {
      return make(this.graph);
    } catch {
      // Try each root alone to find the failing ones.
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

  /** Draw views, and record which of them throw. */
  draw(draw: () => Promise<unknown>): Promise<void> {
    return this.#recorder.record(draw);
  }

  /** Record that a root could not be drawn, and disconnect its views. */
  failed(document: BokehDocument, root: Model, error: unknown): void {
    const views = this.#recorder.views.filter((view) => view.root.model === root);
    const isInDocument = ({ id }: Model) => document.get_model_by_id(id) !== null;
    const failing: Model[] = [];
    for (let view = this.#recorder.throwerOf(error) ?? views.at(-1) ?? null; view; view = view.parent) {
      if (view.model !== root && isInDocument(view.model)) failing.push(view.model);
    }
    for (const one of views) one.disconnect_signals();
    this.#fail(root.id, (failing[0] ?? root).id, reason(this.bokeh, failing, error));
  }

  #fail(root: string, model: string, why: string): void {
    const what = root === "" ? "What the document does by itself" : label(this.graph, root);
    const because = model === root ? "" : `, because of its ${label(this.graph, model)}`;
    const text = `${what} cannot be drawn${because}: ${why}`;
    // The same failure occurs in each place that shows the document.
    if (!this.failures.some((failure) => failure.text === text)) this.failures.push({ root, model, text });
  }
}
