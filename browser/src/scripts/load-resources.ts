import type { Resources } from "../graph/graph";
import type { Scripts } from "./scripts";

/** By URL or text; the value is the promise of what is loading. */
const loaded = new Map<string, unknown>();

/** Load the resources that the page lacks. Rejects as `scripts.run` does. */
export async function loadResources(resources: Resources, scripts: Scripts): Promise<void> {
  for (const { src, text } of document.scripts) markLoaded(src, text);
  for (const { href } of document.querySelectorAll("link")) markLoaded(href);
  for (const { textContent } of document.querySelectorAll("style")) markLoaded(textContent ?? "");

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

function markLoaded(...keys: string[]): void {
  for (const key of keys) if (!loaded.has(key)) loaded.set(key, undefined);
}

function once(key: string, load: () => unknown): unknown {
  if (!loaded.has(key)) loaded.set(key, load());
  return loaded.get(key);
}

function append<Name extends "link" | "style">(name: Name): HTMLElementTagNameMap[Name] {
  return document.head.appendChild(document.createElement(name));
}

function style(url: string): void {
  Object.assign(append("link"), { rel: "stylesheet", href: url });
}
