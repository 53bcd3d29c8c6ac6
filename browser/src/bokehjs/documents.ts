import { type BokehDocument, type BokehJS, type Model, bokeh } from "./bokeh";

const PROMISES = 10;

/** BokehJS's document; cleans up after a failure: BokehJS lists a document before it has read it. */
export function makeDocument(json: object): BokehDocument {
  const { Document, documents } = bokeh().require("document");
  const before = documents.length;
  try {
    return Document.from_json(json);
  } catch (error) {
    documents.splice(before);
    throw error;
  }
}

/** Take a document away, with what views of it there are. */
export function discardDocument(document: BokehDocument): void {
  document.views_manager?.clear();
  document.clear({ sync: false });
  const { documents } = bokeh().require("document");
  // The list is the whole page's.
  if (documents.includes(document)) documents.splice(documents.indexOf(document), 1);
}

/** All models of a document, by id; BokehJS sees with a delay which are gone. */
export function allModels(document: BokehDocument): ReadonlyMap<string, Model> {
  return document._all_models;
}

/** Have BokehJS see now which models are gone. */
export function dropModels(document: BokehDocument): void {
  document.freeze_all_models(() => {});
}

/** Ids of the models that callbacks of the document itself lead to. */
export function idsInCallbacks(document: BokehDocument): Set<string | undefined> {
  const called = [...document._document_callbacks.values()].flat() as { references?(): Set<{ id?: string }> }[];
  return new Set(called.flatMap((callback) => [...(callback.references?.() ?? [])]).map(({ id }) => id));
}

/** The models that a value mentions, without those that they mention. */
export function modelsOf(bokeh: BokehJS, value: unknown): Model[] {
  return [...bokeh.require("core/has_props").HasProps.references(value, { recursive: false })];
}

/** Once callbacks of what was just changed have run: BokehJS has those of CustomJS wait for a few promises. */
export async function callbacksBegun(): Promise<void> {
  for (let i = 0; i < PROMISES; i++) await null;
}
