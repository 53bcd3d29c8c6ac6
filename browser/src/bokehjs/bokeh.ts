// Types of the parts of BokehJS 3.9 and 3.10 that the page uses.

export interface Signal<T = void> {
  emit(value: T): void;
}

export interface Property {
  readonly change: Signal;
  readonly is_unset: boolean;
  get_value(): unknown;
  set_value(value: unknown): void;
}

export interface Model {
  readonly id: string;
  readonly type: string;
  readonly name?: string | null;
  readonly default_view?: unknown;
  readonly properties: Record<string, Property>;
  readonly change?: Signal;
  constructor: Function;
  setv(attributes: object, options: { sync?: boolean; check_eq?: boolean }): void;
  references(): Set<Model>;
  attach_document(document: BokehDocument): void;
}

export interface Source extends Model {
  data: Record<string, unknown>;
  readonly streaming: Signal;
  readonly patching: Signal<number[] | undefined>;
  _clear_watchers?(): void;
  _prune_selection?: () => void;
}

export interface View {
  readonly model: Model;
  /** Settles when the updates requested so far are done. */
  readonly ready?: Promise<unknown>;
  readonly owner: ViewManager;
  readonly root: View;
  readonly parent: View | null;
  readonly el?: Element;
  readonly is_destroyed: boolean;
  children(): Iterable<View>;
  build?(element: Pick<Element, "appendChild">): void;
  render_to?(element: Pick<Element, "appendChild">): void;
  r_after_render?(): void;
  disconnect_signals(): void;
  remove(): void;
}

export interface ViewManager {
  readonly roots: View[];
  build_view(model: Model): Promise<View>;
  get(model: Model): View | null;
  add(view: View): void;
  clear(): void;
}

export interface DocumentEvent {
  readonly kind: string;
  readonly model: Model;
  readonly attr?: string;
  /** False for changes that are not to be synchronised. */
  readonly sync?: boolean;
  readonly value?: unknown;
  readonly data?: Record<string, ArrayLike<unknown>>;
  readonly patches?: Record<string, unknown>;
  readonly msg_data?: { readonly event_name?: string };
}

export interface BokehDocument {
  views_manager?: ViewManager;
  readonly all_roots: Model[];
  readonly resolver: { get(name: string): unknown };
  config: Model & { notifications?: Model | null };
  readonly _all_models: Map<string, Model>;
  readonly _document_callbacks: Map<string, unknown[]>;
  title(): string;
  roots(): Model[];
  get_model_by_id(id: string): Model | null;
  apply_json_patch(patch: object): void;
  on_change(callback: (event: DocumentEvent) => void): void;
  remove_on_change(callback: (event: DocumentEvent) => void): void;
  on_event(name: string, ...callbacks: unknown[]): void;
  notify_idle(model: Model): void;
  freeze_all_models(change: () => void): void;
  clear(options: { sync: boolean }): void;
}

interface Deserializer {
  decode(json: unknown): unknown;
}

interface Serializer {
  encode(value: unknown): unknown;
}

interface Modules {
  document: { Document: { from_json(json: object): BokehDocument }; documents: BokehDocument[] };
  "core/has_props": { HasProps: { references(value: unknown, options: { recursive: boolean }): Set<Model> } };
  "core/view_manager": { ViewManager: new (roots: View[], global: ViewManager) => ViewManager };
  "core/view": { View: abstract new () => View };
  "core/dom_view": { DOMView: abstract new () => View };
  "models/ui/ui_element": { UIElement: abstract new () => Model };
  "core/util/ndarray": { ndarray(init: ArrayBuffer, options: { dtype: string; shape: number[] }): object };
  "core/resolvers": { ModelResolver: new (parent: unknown) => unknown };
  "core/serialization/deserializer": {
    Deserializer: {
      new (resolver: unknown, references?: Map<string, Model>, finalize?: (model: Model) => void): Deserializer;
      register(type: string, decoder: (rep: never) => unknown): void;
    };
  };
  "core/serialization/serializer": {
    Serializer: new (options: { references: Map<Model, { id: string }>; binary: boolean }) => Serializer;
  };
  base: { default_resolver: unknown };
}

export interface BokehJS {
  readonly version: string;
  readonly index: ViewManager;
  readonly logger: { set_level(level: string): void };
  /** Throws for a module that is not loaded. */
  require<Name extends keyof Modules>(name: Name): Modules[Name];
}

let chosen: BokehJS | undefined;

/** Make `bokeh()` return this one instead of the page's. */
export function useBokeh(loaded: BokehJS): void {
  chosen = loaded;
}

/** The BokehJS in use: the page's own, unless useBokeh() set another. */
export function bokeh(): BokehJS {
  const loaded = chosen ?? hostBokeh();
  if (!loaded) throw new Error("BokehJS did not load");
  return loaded;
}

/** `window.Bokeh`: the first BokehJS loaded, with later versions as its properties. */
export interface PageBokeh extends BokehJS {
  [version: string]: unknown;
}

/** The host page's `window.Bokeh`, of any version. */
export function hostBokeh(): PageBokeh | undefined {
  return (globalThis as { Bokeh?: PageBokeh }).Bokeh;
}

/** Component → a module that exists only if it is loaded. */
const MODULES: Record<string, string> = {
  bokeh: "main",
  "bokeh-widgets": "models/widgets/main",
  "bokeh-tables": "models/widgets/tables/main",
  "bokeh-gl": "models/glyphs/webgl/main",
  "bokeh-mathjax": "models/text/mathjax/main",
  "bokeh-api": "api/main",
};

/** Whether a component of BokehJS (for example "bokeh-widgets") is loaded. */
export function hasComponent(bokeh: BokehJS, name: string): boolean {
  try {
    (bokeh.require as (module: string) => unknown)(MODULES[name] ?? name);
    return true;
  } catch {
    return false;
  }
}
