import type { Resources } from "./graph";
import { MissingScript } from "./missing-script";

const loaded = new Set<string>();

/**
 * Load what a graph or patch needs and the page has not got yet; components lie beside the BokehJS script
 * that the page came with. Rejects with MissingScript if one cannot be had (the page's
 * policy may forbid it).
 */
export async function loadResources(resources: Resources): Promise<void> {
  for (const { src, text } of document.scripts) loaded.add(src).add(text);
  for (const { href } of document.querySelectorAll("link")) loaded.add(href);
  for (const { textContent } of document.querySelectorAll("style")) loaded.add(textContent ?? "");

  for (const url of resources.css ?? []) once(absolute(url), () => style(url));
  for (const text of resources.css_raw ?? []) once(text, () => (append("style").textContent = text));
  for (const url of [...components(resources.components ?? []), ...(resources.js ?? [])]) {
    await once(absolute(url), () => script(url));
  }
  // Not as a script element: the page's policy allows eval, which CustomJS needs, but nothing inline.
  for (const text of resources.js_raw ?? []) once(text, () => (0, eval)(text));
}

/** "bokeh-widgets" → …/js/bokeh-widgets.min.js, if BokehJS came from …/js/bokeh.min.js. */
function components(names: string[]): string[] {
  const urls = [...document.scripts].map(({ src }) => /^(.*\/)bokeh(\.min)?\.js(\?.*)?$/.exec(src));
  const [, folder, min = "", query = ""] = urls.find(Boolean) ?? [];
  return folder === undefined ? [] : names.map((name) => `${folder}${name}${min}.js${query}`);
}

function absolute(url: string): string {
  return new URL(url, document.baseURI).href;
}

function once<T>(what: string, load: () => T): T | undefined {
  if (loaded.has(what)) return undefined;
  loaded.add(what);
  return load();
}

function append<Name extends "script" | "link" | "style">(name: Name): HTMLElementTagNameMap[Name] {
  return document.head.appendChild(document.createElement(name));
}

function style(url: string): void {
  Object.assign(append("link"), { rel: "stylesheet", href: url });
}

function script(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = append("script");
    element.onload = () => resolve();
    element.onerror = () => {
      loaded.delete(absolute(url));
      element.remove();
      reject(new MissingScript(url));
    };
    element.src = url;
  });
}
