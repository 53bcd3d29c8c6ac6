import { type BokehDocument, bokeh } from "./bokeh";

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

const PROMISES = 10;

/** Once callbacks of what was just changed have run: BokehJS has those of CustomJS wait for a few promises. */
export async function callbacksBegun(): Promise<void> {
  for (let i = 0; i < PROMISES; i++) await null;
}
