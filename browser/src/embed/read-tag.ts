import type { Tag } from "./tag";

/**
 * data-bokeh-doc       docid
 * data-bokeh-token     what opens it
 * data-bokeh-model     id or name of a model; absent: the whole document
 * data-bokeh-base      where the server is mounted; absent: where autoload.js came from
 * data-bokeh-version   of BokehJS
 * data-bokeh-element   id of an element; absent: a div is put right after the tag
 */
export function readTag(script: HTMLScriptElement): Tag {
  const { bokehDoc, bokehToken, bokehModel, bokehBase, bokehVersion, bokehElement } = script.dataset;
  if (!bokehDoc) throw new Error("the tag has no data-bokeh-doc");
  const base = new URL(bokehBase || script.src.replace(/autoload\.js.*$/, ""), document.baseURI).href;
  return {
    base: base.endsWith("/") ? base : `${base}/`,
    docid: bokehDoc,
    model: bokehModel || null,
    token: bokehToken ?? "",
    version: bokehVersion ?? "",
    elementId: bokehElement || null,
    script,
  };
}
