/** Redraw what is in `element` without a jump of the page: its place stays reserved meanwhile. */
export async function keepingScroll(element: HTMLElement, redraw: () => Promise<void>): Promise<void> {
  const { scrollX, scrollY } = window;
  const before = element.style.minHeight;
  if (element.childElementCount > 0) element.style.minHeight = `${element.scrollHeight}px`;
  try {
    await redraw();
  } finally {
    element.style.minHeight = before;
    if (scrollX || scrollY) window.scrollTo(scrollX, scrollY);
  }
}
