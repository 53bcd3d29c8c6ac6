const FRAME_MS = 1000 / 60;
/** Replaces the frame in hidden or stalled pages. */
const LATE_MS = 200;

/** Runs a task on request, at most once a frame and never twice at a time; at once if the last run was long ago. */
export class FrameScheduler {
  #isDue = false;
  #isRunning = false;
  #ended = -Infinity;

  constructor(private readonly task: () => unknown) {}

  schedule(): void {
    this.#isDue = true;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (; this.#isDue; this.#ended = performance.now()) {
      await (performance.now() - this.#ended > FRAME_MS ? null : nextFrame());
      this.#isDue = false;
      await this.task();
    }
    this.#isRunning = false;
  }
}

function nextFrame(): Promise<unknown> {
  return new Promise((resolve) => {
    if (!document.hidden) requestAnimationFrame(resolve);
    setTimeout(resolve, LATE_MS);
  });
}
