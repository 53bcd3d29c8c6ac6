import { type Scripts, runScript } from "../scripts/scripts";

/** Scripts of a page of the server itself, whose BokehJS is that of the page. */
export const pageScripts: Scripts = {
  /** "bokeh-widgets" → …/js/bokeh-widgets.min.js, if BokehJS came from …/js/bokeh.min.js. */
  component(name) {
    const urls = [...document.scripts].map(({ src }) => /^(.*\/)bokeh(\.min)?\.js(\?.*)?$/.exec(src));
    const [, folder, min = "", query = ""] = urls.find(Boolean) ?? [];
    return folder === undefined ? null : `${folder}${name}${min}.js${query}`;
  },
  run: runScript,
  // Not as a script element: the page's policy allows eval, which CustomJS needs, but nothing inline.
  evaluate: (code) => void (0, eval)(code),
};
