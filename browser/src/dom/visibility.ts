/** Shorter absences are not reported. */
const HIDDEN_MS = 3_000;

/** Reports whether the page is visible: not in a background tab, not in a frame scrolled out of view. */
export function watchVisibility(changed: (isVisible: boolean) => void): void {
  let isInView = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const check = () => {
    clearTimeout(timer);
    if (isInView && !document.hidden) changed(true);
    else timer = setTimeout(() => changed(false), HIDDEN_MS);
  };
  document.addEventListener("visibilitychange", check);
  if (window.parent === window) return;
  new IntersectionObserver((entries) => {
    isInView = entries.at(-1)!.isIntersecting;
    check();
  }).observe(document.documentElement);
}
