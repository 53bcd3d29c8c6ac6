import { type BokehDocument, bokeh } from "./bokeh";

/** Take a document away, with what views of it there are. */
export function discardDocument(document: BokehDocument): void {
  document.views_manager?.clear();
  document.clear({ sync: false });
  const { documents } = bokeh().require("document");
  // The list is the whole page's.
  if (documents.includes(document)) documents.splice(documents.indexOf(document), 1);
}
