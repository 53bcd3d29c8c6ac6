/** Ranges keep moving for a while after the input that moved them. */
const RECENT_MS = 1_000;
const INPUT = ["pointerdown", "pointermove", "pointerup", "wheel", "keydown"];

/** Whether a person has used the page within the last second; moving the mouse without a button does not count. */
export class RecentInput {
  #at = -Infinity;

  constructor() {
    for (const name of INPUT) addEventListener(name, this.#record, { capture: true, passive: true });
  }

  get isRecent(): boolean {
    return performance.now() - this.#at < RECENT_MS;
  }

  #record = ({ type, buttons }: Event & { buttons?: number }): void => {
    if (type !== "pointermove" || buttons) this.#at = performance.now();
  };
}
