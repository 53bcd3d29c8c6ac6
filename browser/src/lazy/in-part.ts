import type { BokehDocument, BokehJS, Model, View } from "../bokehjs/bokeh";
import type { Graph } from "../graph/graph";
import { type Failure, label, reason } from "./failure";

interface Initialized {
  initialize(): void;
}

type Methods = Record<string, (...given: unknown[]) => unknown>;

/** Of views: where errors come to light. */
const METHODS = ["lazy_initialize", "connect_signals", "set_data", "render", "after_render", "get_size", "paint"];

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
  async watch(draw: () => Promise<unknown>): Promise<void> {
    const { prototype } = this.bokeh.require("core/view").View as unknown as { prototype: Initialized };
    const { initialize } = prototype;
    const watch = (view: View) => {
      this.#made.push(view);
      for (const method of METHODS) this.#guard(view, method);
    };
    prototype.initialize = function (this: View) {
      watch(this);
      initialize.call(this);
    };
    try {
      await draw();
    } finally {
      prototype.initialize = initialize;
      for (const view of this.#made) for (const method of METHODS) delete (view as unknown as Methods)[method];
    }
  }

  /** The view of a root could not be drawn: what there is of it is not to follow its models. */
  failed(document: BokehDocument, root: Model, error: unknown): void {
    const views = this.#made.filter((view) => view.root.model === root);
    const isOfDocument = ({ id }: Model) => document.get_model_by_id(id) !== null;
    const failing: Model[] = [];
    for (let view = this.#threw.get(Object(error)) ?? views.at(-1) ?? null; view; view = view.parent) {
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

  /** Note the innermost view that throws in a method, or whose promise is rejected. */
  #guard(view: View, name: string): void {
    const methods = view as unknown as Methods;
    const method = methods[name];
    if (typeof method !== "function") return;
    const note = (error: unknown): never => {
      if (error instanceof Object && !this.#threw.has(error)) this.#threw.set(error, view);
      throw error;
    };
    methods[name] = (...given) => {
      try {
        const result = method.apply(view, given);
        return result instanceof Promise ? result.catch(note) : result;
      } catch (error) {
        return note(error);
      }
    };
  }
}
