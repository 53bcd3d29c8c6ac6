/** Run `task` with the next frame; hidden pages have none, and stalled ones a late one: then soon. */
export function nextFrame(task: () => void): void {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    task();
  };
  if (!document.hidden) requestAnimationFrame(once);
  setTimeout(once, 200);
}
