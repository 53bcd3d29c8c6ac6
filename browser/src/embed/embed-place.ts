import type { Found, Place } from "../document/document-view";
import { foundWords } from "../document/words";

// Nothing of the host page's styles reaches it, nor the other way round.
const STYLE = `
  all: initial; display: block; box-sizing: border-box; max-width: 44em; margin: 0 0 8px; padding: 10px 14px;
  border: 1px solid #d8b45a; border-left-width: 5px; border-radius: 6px; background: #fff8e6; color: #2b2100;
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere;
`;

/** The place of one embed tag in a host page: the element that is drawn into, and a notice above it. */
export class EmbedPlace implements Place {
  #notice: HTMLElement | null = null;

  constructor(readonly element: HTMLElement, readonly only: string | null) {}

  found(what: Found): void {
    this.tell(foundWords(what, this.only ?? ""));
  }

  /** What a viewer has to know; null: nothing any more. */
  tell(text: string | null): void {
    this.#notice?.remove();
    this.#notice = null;
    if (text === null || !this.element.isConnected) return;
    this.#notice = document.createElement("div");
    this.#notice.dataset.bokehWsgiNotice = "";
    this.#notice.setAttribute("role", "alert");
    this.#notice.style.cssText = STYLE;
    this.#notice.textContent = text;
    this.element.before(this.#notice);
  }

  /** Tell something that is of less weight than what is told already. */
  mention(text: string): void {
    if (!this.#notice) this.tell(text);
  }

  /** Tell that no longer. */
  unmention(text: string): void {
    if (this.#notice?.textContent === text) this.tell(null);
  }
}
