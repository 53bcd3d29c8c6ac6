import type { ModelStatus, Place } from "../document/document-view";
import { modelMessage } from "../document/messages";

// Isolated from the host page's styles.
const STYLE = `
  all: initial; display: block; box-sizing: border-box; max-width: 44em; margin: 0 0 8px; padding: 10px 14px;
  border: 1px solid #d8b45a; border-left-width: 5px; border-radius: 6px; background: #fff8e6; color: #2b2100;
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere;
`;

/** The place of one embed tag in a host page: the element to draw into, and a notice above it. */
export class EmbedPlace implements Place {
  #notice: HTMLElement | null = null;

  constructor(readonly element: HTMLElement, readonly only: string | null) {}

  onStatus(status: ModelStatus): void {
    this.show(modelMessage(status, this.only ?? ""));
  }

  /** Show a notice; null removes it. */
  show(text: string | null): void {
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

  /** Show a notice if there is none. */
  showMinor(text: string): void {
    if (!this.#notice) this.show(text);
  }

  /** Remove the notice if it has this text. */
  clear(text: string): void {
    if (this.#notice?.textContent === text) this.show(null);
  }
}
