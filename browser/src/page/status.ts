import type { State } from "../connection/connection";

/** The state of the connection, in #bokeh-wsgi-state: `data-state`, one word, and the details as its title. */
export class Status {
  readonly #element = document.getElementById("bokeh-wsgi-state");
  state: State = "connecting";
  #detail = "";

  /** "ended" is for good: bytes that still come from elsewhere do not revive a document. */
  show(state: State, detail: string): void {
    if (this.state === "ended" || (state === this.state && detail === this.#detail)) return;
    this.state = state;
    this.#detail = detail;
    if (!this.#element) return;
    this.#element.dataset.state = state;
    this.#element.textContent = state;
    this.#element.title = `${state}: ${detail}`;
  }
}
