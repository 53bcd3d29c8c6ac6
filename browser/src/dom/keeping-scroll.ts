/** Redraw what is in `elements` without a jump of the page: their places stay reserved meanwhile. */
export async function keepingScroll(elements: HTMLElement[], redraw: () => Promise<void>): Promise<void> {
  const release = reserve(elements);
  try {
    await redraw();
  } finally {
    release();
  }
}

/** Reserve the places that elements take, until the function that this returns is called. */
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
