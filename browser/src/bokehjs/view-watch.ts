import type { BokehJS, View } from "./bokeh";

interface Initialized {
  initialize(): void;
}

type Methods = Record<string, (...given: unknown[]) => unknown>;

/** Of views: where errors come to light. */
const METHODS = ["lazy_initialize", "connect_signals", "set_data", "render", "after_render", "get_size", "paint"];

/** Sees which views are built while something is drawn, and which of them throw. */
export class ViewWatch {
  readonly views: View[] = [];
  readonly #threw = new WeakMap<object, View>();

  constructor(private readonly bokeh: BokehJS) {}

  async during(draw: () => Promise<unknown>): Promise<void> {
    const { prototype } = this.bokeh.require("core/view").View as unknown as { prototype: Initialized };
    const { initialize } = prototype;
    const watch = (view: View) => {
      this.views.push(view);
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
      for (const view of this.views) for (const method of METHODS) delete (view as unknown as Methods)[method];
    }
  }

  /** The innermost view that threw this error. */
  whichThrew(error: unknown): View | undefined {
    return this.#threw.get(Object(error));
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
