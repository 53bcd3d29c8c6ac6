/** Redraw the contents of `elements` without moving the scroll position. */
export async function keepScroll(elements: HTMLElement[], redraw: () => Promise<void>): Promise<void> {
  const release = reserve(elements);
  try {
    await redraw();
  } finally {
    release();
  }
}

/** Keep the heights of elements until the returned function is called. */
export function reserve(elements: HTMLElement[]): () => void {
  const { scrollX, scrollY } = window;
  const before = elements.map(({ style }) => style.minHeight);
  const heights = elements.map((element) => (element.childElementCount > 0 ? element.scrollHeight : 0));
  elements.forEach(({ style }, i) => heights[i] && (style.minHeight = `${heights[i]}px`));
  return () => {
    elements.forEach(({ style }, i) => (style.minHeight = before[i]!));
    if (scrollX || scrollY) window.scrollTo(scrollX, scrollY);
  };
}
