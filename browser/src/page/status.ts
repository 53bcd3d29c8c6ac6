import type { State } from "../connection/connection";

/** Shows the state of the connection in #bokeh-wsgi-state: one word, with details as its title. */
export class Status {
  readonly #element = document.getElementById("bokeh-wsgi-state");
  state: State = "connecting";
  #detail = "";

  /** "ended" is final, even if bytes of other documents still arrive. */
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
