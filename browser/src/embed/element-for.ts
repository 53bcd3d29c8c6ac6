import type { Tag } from "./tag";

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
