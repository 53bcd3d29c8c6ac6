/** JSON of a model as Bokeh writes it. */
export interface ModelRep {
  name: string;
  attributes?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Scripts and styles that a document needs. */
export interface Resources {
  components?: string[];
  js?: string[];
  js_raw?: string[];
  css?: string[];
  css_raw?: string[];
}

/** The JSON of a GRAPH op: all models of a document, by id, without columns. */
export interface Graph {
  version: string;
  title: string;
  roots: string[];
  models: Record<string, ModelRep>;
  config?: unknown;
  callbacks?: unknown;
  defs?: unknown[];
  resources?: Resources;
  share_view?: boolean;
  /** Identifies this GRAPH until the next one. */
  generation?: string;
}

export interface PatchEvent {
  kind: string;
  model?: { id: string };
  attr?: string;
  title?: string;
  new?: unknown;
  /** ModelChanged: the attribute is reset to its default, which `new` may give. */
  unset?: boolean;
}

/** The JSON of a PATCH op: Bokeh's document events, and other changed parts of the graph. */
export interface Patch {
  share_view?: boolean;
  events?: PatchEvent[];
  version?: string;
  config?: unknown;
  callbacks?: unknown;
  defs?: unknown[];
  resources?: Resources;
}

/** Whether an event adds, removes or rearranges models. */
export function isStructural({ kind, new: value }: PatchEvent): boolean {
  return kind === "ModelChanged" ? JSON.stringify(value ?? null).includes('"id":') : kind !== "TitleChanged";
}

/** Whether a patch may create or remove views. */
export function isStructuralPatch({ events = [], config }: Patch): boolean {
  return config !== undefined || events.some(isStructural);
}
