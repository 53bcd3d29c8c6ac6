/**
 * The elements whose script this is: the one that runs, or, where the browser does not tell (in shadow trees),
 * all tags that have not run yet.
 */
export function ownTags(ran: WeakSet<HTMLScriptElement>): HTMLScriptElement[] {
  const { currentScript } = document;
  const found = currentScript ? [currentScript as HTMLScriptElement] : [...tagsIn(document)];
  const fresh = found.filter((script) => !ran.has(script));
  fresh.forEach((script) => ran.add(script));
  return fresh;
}

/** Those in shadow trees, too: only they are in question. */
function* tagsIn(root: ParentNode): Generator<HTMLScriptElement> {
  yield* root.querySelectorAll<HTMLScriptElement>("script[data-bokeh-doc]");
  for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) yield* tagsIn(shadowRoot);
}
