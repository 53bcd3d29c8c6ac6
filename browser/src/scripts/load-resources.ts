import type { Resources } from "../graph/graph";
import type { Scripts } from "./scripts";

/** By address or text; of what is still loading, its promise. */
const loaded = new Map<string, unknown>();

/** Load what a graph or patch needs and the page has not got yet. Rejects as `scripts` do. */
export async function loadResources(resources: Resources, scripts: Scripts): Promise<void> {
  for (const { src, text } of document.scripts) note(src, text);
  for (const { href } of document.querySelectorAll("link")) note(href);
  for (const { textContent } of document.querySelectorAll("style")) note(textContent ?? "");

  for (const url of resources.css ?? []) once(absolute(url), () => style(url));
  for (const text of resources.css_raw ?? []) once(text, () => (append("style").textContent = text));
  const components = (resources.components ?? []).flatMap((name) => scripts.component(name) ?? []);
  for (const url of [...components, ...(resources.js ?? [])]) {
    await once(absolute(url), () => scripts.run(url).catch((error: unknown) => {
      loaded.delete(absolute(url));
      throw error;
    }));
  }
  for (const text of resources.js_raw ?? []) once(text, () => scripts.evaluate(text));
}

function absolute(url: string): string {
  return new URL(url, document.baseURI).href;
}

function note(...there: string[]): void {
  for (const what of there) if (!loaded.has(what)) loaded.set(what, undefined);
}

function once(what: string, load: () => unknown): unknown {
  if (!loaded.has(what)) loaded.set(what, load());
  return loaded.get(what);
}

function append<Name extends "link" | "style">(name: Name): HTMLElementTagNameMap[Name] {
  return document.head.appendChild(document.createElement(name));
}

function style(url: string): void {
  Object.assign(append("link"), { rel: "stylesheet", href: url });
}
