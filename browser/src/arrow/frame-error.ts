/** Bytes from the server that are not wire format v1, or that do not fit what this page holds. */
export class FrameError extends Error {
  override name = "FrameError";
}
