/** Ranges go on moving for a while after what was done: wheels are let go of, pages are drawn. */
const RECENT_MS = 1_000;
const INPUT = ["pointerdown", "pointermove", "pointerup", "wheel", "keydown"];

/** Tells whether somebody is doing something in the page, more than moving the mouse over it. */
export class RecentInput {
  #at = -Infinity;

  constructor() {
    for (const name of INPUT) addEventListener(name, this.#note, { capture: true, passive: true });
  }

  get isRecent(): boolean {
    return performance.now() - this.#at < RECENT_MS;
  }

  #note = ({ type, buttons }: Event & { buttons?: number }): void => {
    if (type !== "pointermove" || buttons) this.#at = performance.now();
  };
}
