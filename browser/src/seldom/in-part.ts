import type { BokehDocument, BokehJS, Model, View } from "../document/bokeh";
import type { Graph } from "../document/graph";
import { label } from "./label";
import { reason } from "./reason";

/** A root that BokehJS cannot draw. */
export interface Failure {
  /** Its id; "" for what is of no root. */
  root: string;
  /** Id of the model that it fails for. */
  model: string;
  /** Which they are and why, for people. */
  text: string;
}

interface Initialized {
  initialize(): void;
}

/** Draws of a document what can be drawn, and finds out why the rest cannot. */
export class InPart {
  readonly failures: Failure[] = [];
  readonly #made: View[] = [];
  readonly #threw = new WeakMap<object, View>();

  constructor(private readonly bokeh: BokehJS, private readonly graph: Graph) {}

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
        this.#fail(root, root, reason(this.bokeh, null, error));
        return false;
      }
    });
    try {
      return make({ ...this.graph, roots });
    } catch (error) {
      if (roots.length === this.graph.roots.length) this.#fail("", "", reason(this.bokeh, null, error));
      return make({ ...this.graph, ...rest, roots });
    }
  }

  /** Have views drawn, and meanwhile see which of them throw. */
  async watch(draw: () => Promise<unknown>): Promise<void> {
    const { View } = this.bokeh.require("core/view");
    const { RendererView } = this.bokeh.require("models/renderers/renderer");
    const { DOMView } = this.bokeh.require("core/dom_view");
    const { initialize } = View.prototype as unknown as Initialized;
    const made = this.#made;
    const restore = [
      this.#guard(RendererView.prototype, "paint"),
      this.#guard(DOMView.prototype, "render_to"),
      this.#guard(DOMView.prototype, "r_after_render"),
      () => Object.assign(View.prototype, { initialize }),
    ];
    Object.assign(View.prototype, {
      initialize(this: View) {
        made.push(this);
        return initialize.call(this);
      },
    });
    try {
      await draw();
    } finally {
      for (const undo of restore) undo();
    }
  }

  /** The view of a root could not be drawn: what there is of it is not to follow its models. */
  failed(document: BokehDocument, root: Model, error: unknown): void {
    const views = this.#made.filter((view) => view.root.model === root);
    let view: View | null = this.#threw.get(Object(error)) ?? views.at(-1) ?? null;
    while (view && document.get_model_by_id(view.model.id) !== view.model) view = view.parent;
    for (const one of views) one.disconnect_signals();
    const model = view?.model ?? root;
    this.#fail(root.id, model.id, reason(this.bokeh, model, error));
  }

  #fail(root: string, model: string, why: string): void {
    const what = root === "" ? "What the document does by itself" : label(this.graph, root);
    const because = model === root ? "" : `, because of its ${label(this.graph, model)}`;
    this.failures.push({ root, model, text: `${what} cannot be drawn${because}: ${why}` });
  }

  /** Note the innermost view that throws in a method. Returns what undoes it. */
  #guard(prototype: object, method: string): () => void {
    const methods = prototype as Record<string, (...given: unknown[]) => unknown>;
    const original = methods[method]!;
    const threw = this.#threw;
    methods[method] = function (this: View, ...given) {
      try {
        return original.apply(this, given);
      } catch (error) {
        if (error instanceof Object && !threw.has(error)) threw.set(error, this);
        throw error;
      }
    };
    return () => (methods[method] = original);
  }
}
