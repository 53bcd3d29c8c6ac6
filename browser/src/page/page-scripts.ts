import { type Scripts, runScript } from "../scripts/scripts";

/** Loads scripts in the server's own pages. */
export const pageScripts: Scripts = {
  /** "bokeh-widgets" → …/js/bokeh-widgets.min.js, if BokehJS came from …/js/bokeh.min.js. */
  component(name) {
    const urls = [...document.scripts].map(({ src }) => /^(.*\/)bokeh(\.min)?\.js(\?.*)?$/.exec(src));
    const [, folder, min = "", query = ""] = urls.find(Boolean) ?? [];
    return folder === undefined ? null : `${folder}${name}${min}.js${query}`;
  },
  run: runScript,
  // Not a script element: the page's policy allows eval, for CustomJS, but no inline scripts.
  evaluate: (code) => void (0, eval)(code),
};
