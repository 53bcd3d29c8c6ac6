import type { BokehJS, View } from "./bokeh";

interface Initialized {
  initialize(): void;
}

type Methods = Record<string, (...given: unknown[]) => unknown>;

/** Methods of views in which errors occur. */
const METHODS = ["lazy_initialize", "connect_signals", "set_data", "render", "after_render", "get_size", "paint"];

/** Records which views are built during drawing, and which of them throw. */
export class ViewRecorder {
  readonly views: View[] = [];
  readonly #threw = new WeakMap<object, View>();

  constructor(private readonly bokeh: BokehJS) {}

  async record(draw: () => Promise<unknown>): Promise<void> {
    const { prototype } = this.bokeh.require("core/view").View as unknown as { prototype: Initialized };
    const { initialize } = prototype;
    const add = (view: View) => {
      this.views.push(view);
      for (const method of METHODS) this.#guard(view, method);
    };
    prototype.initialize = function (this: View) {
      add(this);
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
  throwerOf(error: unknown): View | undefined {
    return this.#threw.get(Object(error));
  }

  /** Record the innermost view whose method throws or rejects. */
  #guard(view: View, name: string): void {
    const methods = view as unknown as Methods;
    const method = methods[name];
    if (typeof method !== "function") return;
    const fail = (error: unknown): never => {
      if (error instanceof Object && !this.#threw.has(error)) this.#threw.set(error, view);
      throw error;
    };
    methods[name] = (...given) => {
      try {
        const result = method.apply(view, given);
        return result instanceof Promise ? result.catch(fail) : result;
      } catch (error) {
        return fail(error);
      }
    };
  }
}
