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
