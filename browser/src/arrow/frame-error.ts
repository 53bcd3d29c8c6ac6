/** Bytes from the server violate wire format v1, or do not fit the columns of this page. */
export class FrameError extends Error {
  override name = "FrameError";
}
