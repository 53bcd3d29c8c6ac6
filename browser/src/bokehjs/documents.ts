import { type BokehDocument, type BokehJS, type Model, bokeh } from "./bokeh";
import { useStandIns } from "./stand-ins";

/** BokehJS runs CustomJS callbacks a few promise ticks late. */
const CALLBACK_TICKS = 10;

/** Create a BokehJS document from JSON. If that fails, unregister it: BokehJS registers documents before it reads them. */
export function makeDocument(json: object): BokehDocument {
  const { Document, documents } = bokeh().require("document");
  const before = documents.length;
  try {
    const document = Document.from_json(json);
    useStandIns(document);
    return document;
  } catch (error) {
    documents.splice(before);
    throw error;
  }
}

/** Remove a document and its views from BokehJS. */
export function discardDocument(document: BokehDocument): void {
  document.views_manager?.clear();
  document.clear({ sync: false });
  const { documents } = bokeh().require("document");
  // Other documents of the page are in this list, too.
  if (documents.includes(document)) documents.splice(documents.indexOf(document), 1);
}

/** All models of a document, by id. Removed ones stay until BokehJS recomputes the set: refreshModels(). */
export function allModels(document: BokehDocument): ReadonlyMap<string, Model> {
  return document._all_models;
}

/** Recompute now which models the document has. */
export function refreshModels(document: BokehDocument): void {
  document.freeze_all_models(() => {});
}

/** Ids of the models that the document's own callbacks reference. */
export function idsInCallbacks(document: BokehDocument): Set<string | undefined> {
  const callbacks = [...document._document_callbacks.values()].flat() as { references?(): Set<{ id?: string }> }[];
  return new Set(callbacks.flatMap((callback) => [...(callback.references?.() ?? [])]).map(({ id }) => id));
}

/** The models that a value references directly. */
export function modelsOf(bokeh: BokehJS, value: unknown): Model[] {
  return [...bokeh.require("core/has_props").HasProps.references(value, { recursive: false })];
}

/** Wait until the callbacks of the last change have run. */
export async function callbacksRun(): Promise<void> {
  for (let i = 0; i < CALLBACK_TICKS; i++) await null;
}
