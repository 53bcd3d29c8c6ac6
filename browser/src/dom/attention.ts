/** Who comes back sooner than this has not been away. */
const AWAY_MS = 3_000;

/** Tells whether somebody can see the page: not in a tab behind others, nor in a frame that is scrolled away. */
export function whenSeen(changed: (isSeen: boolean) => void): void {
  let isInView = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (isInView && !document.hidden) changed(true);
    else timer = setTimeout(() => changed(false), AWAY_MS);
  };
  document.addEventListener("visibilitychange", look);
  if (window.parent === window) return;
  new IntersectionObserver((entries) => {
    isInView = entries.at(-1)!.isIntersecting;
    look();
  }).observe(document.documentElement);
}

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
