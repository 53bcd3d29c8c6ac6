/** A page this young does not reload itself: what is wrong with it would be so again. */
const YOUNG_MS = 30_000;

/** Reload the page to get what only the server can give it, a token or scripts; false if that was just done. */
export function reload(): boolean {
  if (performance.now() < YOUNG_MS) return false;
  location.reload();
  return true;
}
