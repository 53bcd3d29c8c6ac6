import type { BokehJS } from "../document/bokeh";

/** BokehJS as a page's scripts make it: the first that was loaded, with all versions beside it. */
export interface PageBokeh extends BokehJS {
  [version: string]: unknown;
}

/** The BokehJS, of whichever version, that the host page calls its own. */
export function hostBokeh(): PageBokeh | undefined {
  return (globalThis as { Bokeh?: PageBokeh }).Bokeh;
}
