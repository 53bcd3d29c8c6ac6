const PROMISES = 10;

/** Once callbacks of what was just changed have run: BokehJS has those of CustomJS wait for a few promises. */
export async function callbacksBegun(): Promise<void> {
  for (let i = 0; i < PROMISES; i++) await null;
}
