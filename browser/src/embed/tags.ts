/** The attributes of an embed tag: a `<script>` element that runs autoload.js. */
export interface Tag {
  /** Where the server is mounted, with a slash at the end. */
  base: string;
  docid: string;
  /** Id or name of the one model to show; null: the whole document. */
  model: string | null;
  token: string;
  /** Version of the server's BokehJS. */
  version: string;
  /** Id of the element to draw into; null: right after the tag. */
  elementId: string | null;
  script: HTMLScriptElement;
}

/**
 * data-bokeh-doc       docid
 * data-bokeh-token     access token of the document
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
 * The tags to run: the current script, or, where the browser does not name it (in shadow trees), all tags that have not
 * run yet.
 */
export function ownTags(ran: WeakSet<HTMLScriptElement>): HTMLScriptElement[] {
  const { currentScript } = document;
  const tags = currentScript ? [currentScript as HTMLScriptElement] : [...tagsIn(document)];
  const fresh = tags.filter((script) => !ran.has(script));
  fresh.forEach((script) => ran.add(script));
  return fresh;
}

/** All tags, including those in shadow trees. */
function* tagsIn(root: ParentNode): Generator<HTMLScriptElement> {
  yield* root.querySelectorAll<HTMLScriptElement>("script[data-bokeh-doc]");
  for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) yield* tagsIn(shadowRoot);
}

/**
 * Create an element at the place that the tag names: now, or after the page is parsed. Rejects if there is no such place.
 */
export async function elementFor({ script, elementId }: Tag): Promise<HTMLElement> {
  const element = document.createElement("div");
  // Without a doctype, 100% of a parent without a height is the window's height.
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
  const parent = find();
  if (!parent) throw new Error(`the page has no element with the id “${elementId}”`);
  return parent.appendChild(element);
}
