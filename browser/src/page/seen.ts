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
