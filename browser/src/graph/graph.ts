/** JSON of a model as Bokeh writes it. */
export interface ModelRep {
  name: string;
  attributes?: Record<string, unknown>;
  [key: string]: unknown;
}

/** What BokehJS and extensions need to be there. */
export interface Resources {
  components?: string[];
  js?: string[];
  js_raw?: string[];
  css?: string[];
  css_raw?: string[];
}

/** What a GRAPH carries: a document's models side by side, without columns. */
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
  /** A name for the document until the next GRAPH. */
  generation?: string;
}

export interface PatchEvent {
  kind: string;
  model?: { id: string };
  attr?: string;
  title?: string;
  new?: unknown;
  /** Of ModelChanged: the attribute is back at its default; `new`, if there, is that. */
  unset?: boolean;
}

/** What a PATCH carries: Bokeh's document events, and what else of the graph is new. */
export interface Patch {
  share_view?: boolean;
  events?: PatchEvent[];
  version?: string;
  config?: unknown;
  callbacks?: unknown;
  defs?: unknown[];
  resources?: Resources;
}

/** Whether an event is about which models there are, and where: more than a value. */
export function isOfModels({ kind, new: value }: PatchEvent): boolean {
  return kind === "ModelChanged" ? JSON.stringify(value ?? null).includes('"id":') : kind !== "TitleChanged";
}

/** Whether a patch may build or take away views. */
export function bringsModels({ events = [], config }: Patch): boolean {
  return config !== undefined || events.some(isOfModels);
}
