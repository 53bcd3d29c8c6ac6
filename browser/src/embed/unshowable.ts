/** A document cannot be shown in this page, and retrying is useless; the message is for the viewer. */
export class Unshowable extends Error {
  override name = "Unshowable";
}
