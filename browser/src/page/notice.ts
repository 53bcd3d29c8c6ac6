const STYLE = `
  position: fixed; inset: calc(var(--bw-bar, 0px) + 12px) 0 auto 0; z-index: 999; box-sizing: border-box;
  width: fit-content; max-width: min(90%, 44em); margin: 0 auto; padding: 12px 18px;
  border: 1px solid #d8b45a; border-left-width: 5px; border-radius: 6px;
  background: #fff8e6; color: #2b2100; box-shadow: 0 2px 10px rgb(0 0 0 / 15%);
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere;
`;

/** A message for the viewer over the plot, #bokeh-wsgi-notice. */
export class Notice {
  #element: HTMLElement | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly view: HTMLElement) {}

  /** With `ms`, the message stays that long, despite clear(), unless another one replaces it. */
  show(text: string, ms?: number): void {
    clearTimeout(this.#timer);
    this.#timer = ms === undefined ? undefined : setTimeout(() => {
      this.#timer = undefined;
      this.clear();
    }, ms);
    if (!this.#element) {
      this.#element = document.createElement("p");
      this.#element.id = "bokeh-wsgi-notice";
      this.#element.setAttribute("role", "alert");
      this.#element.style.cssText = STYLE;
      this.view.before(this.#element);
    }
    this.#element.textContent = text;
  }

  clear(): void {
    if (this.#timer !== undefined) return;
    this.#element?.remove();
    this.#element = null;
  }
}
