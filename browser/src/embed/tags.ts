/** What an embed tag says: the attributes of the `<script>` element that runs autoload.js. */
export interface Tag {
  /** Where the server is mounted, with a slash at the end. */
  base: string;
  docid: string;
  /** Id or name of the one model to show; null: the whole document. */
  model: string | null;
  token: string;
  /** That of the BokehJS which the server has. */
  version: string;
  /** Id of the element to draw into; null: right after the tag. */
  elementId: string | null;
  script: HTMLScriptElement;
}

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

/**
 * A new element of our own where the tag wants its plot, which the host page may take away again as it likes.
 * At once, if it can be; otherwise when the page is read. Rejects if there is no such place.
 */
export async function elementFor({ script, elementId }: Tag): Promise<HTMLElement> {
  const element = document.createElement("div");
  // In a page without a doctype, 100% of what has no height is the window; there, what is in it fills its place anyway.
  element.style.cssText = document.compatMode === "CSS1Compat" ? "width: 100%; height: 100%;" : "width: 100%;";
  if (elementId === null) {
    if (!script.isConnected || script.closest("head")) {
      throw new Error("a tag that is not in the page's body must say where to draw: data-bokeh-element");
    }
    script.after(element);
    return element;
  }
  const root = script.getRootNode();
  const find = () => (root instanceof ShadowRoot ? root : document).getElementById(elementId);
  if (!find() && document.readyState === "loading") {
    await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
  }
  const there = find();
  if (!there) throw new Error(`the page has no element with the id “${elementId}”`);
  return there.appendChild(element);
}
